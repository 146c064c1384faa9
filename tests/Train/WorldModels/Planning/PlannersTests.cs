using OfflineRL.Datasets;
using OfflineRL.Tests.Train.Losses;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;
using OfflineRL.Train.WorldModels.Planning;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Planning;

public sealed class PlannersTests : IDisposable
{
    static readonly BoxSpace Wide = new([1], [-3], [3]);

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    // x' = x + u from 1, cost x'^2 + u^2. One step: u = -1/2, cost 1/2. Two steps: u = -3/5 and -1/5, cost 3/5.
    [Theory]
    [InlineData("cem", 1, new[] { -0.5 }, -0.5)]
    [InlineData("cem", 2, new[] { -0.6, -0.2 }, -0.6)]
    [InlineData("gradient", 1, new[] { -0.5 }, -0.5)]
    [InlineData("gradient", 2, new[] { -0.6, -0.2 }, -0.6)]
    public void Search_OnALine_FindsThePlanByHand(string planner, int horizon, double[] expected, double worth)
    {
        var config = Settled(planner) with { Horizon = horizon };
        var plan = Search(config, Wide, KnownWorlds.Line(), tensor(new float[,] { { 1 } }), 3);
        for (var t = 0; t < horizon; t++)
            Assert.Equal(expected[t], plan.Actions[0, t, 0].ToDouble(), 5e-3);
        Assert.Equal(worth, plan.Returns[0].ToDouble(), 1e-4);
    }

    [Fact]
    public void RandomShooting_OnALine_IsNearThePlanByHand()
    {
        var config = new PlanningConfig { Planner = PlanningConfig.RandomShooting, Horizon = 2, Candidates = 20_000, Discount = 1 };
        var plan = Search(config, Wide, KnownWorlds.Line(), tensor(new float[,] { { 1 } }), 3);
        Assert.Equal(-0.6, plan.Returns[0].ToDouble(), 2e-3);
        // Two candidates are far from it.
        Assert.True(Search(config with { Candidates = 2 }, Wide, KnownWorlds.Line(), tensor(new float[,] { { 1 } }), 3).Returns[0].ToDouble() < -0.65);
    }

    [Theory]
    [InlineData("cem")]
    [InlineData("gradient")]
    public void Search_OnALinearSystem_FindsTheRiccatiPlan(string planner)
    {
        var (a, b) = (new[,] { { 1, 0.2 }, { 0, 0.9 } }, new[,] { { 0.0, 0.1 }, { 0.3, 0.0 } });
        double[] q = [1, 0.1], r = [0.05, 0.2], x = [1, -0.5];
        const int Horizon = 6;
        var (control, cost) = KnownWorlds.Riccati(a, b, q, r, x, Horizon);
        // The recursion itself, against the case by hand.
        var (byHand, costByHand) = KnownWorlds.Riccati(new[,] { { 1.0 } }, new[,] { { 1.0 } }, [1], [1], [1], 2);
        Assert.Equal((-0.6, 0.6), (Math.Round(byHand[0], 12), Math.Round(costByHand, 12)));

        var world = KnownWorlds.Linear(Float(a), Float(b), tensor(q).to(ScalarType.Float32), tensor(r).to(ScalarType.Float32));
        var plan = Search(Settled(planner) with { Horizon = Horizon }, new BoxSpace([2], [-4, -4], [4, 4]), world, tensor(x).to(ScalarType.Float32).unsqueeze(0), 5);
        Assert.Equal(-cost, plan.Returns[0].ToDouble(), 2e-3);
        Assert.Equal(control[0], plan.Actions[0, 0, 0].ToDouble(), 0.03);
        Assert.Equal(control[1], plan.Actions[0, 0, 1].ToDouble(), 0.03);
    }

    // Against PyTorch's autograd and Adam: the last plan, since each step was better than the one before.
    [Fact]
    public void GradientPlanner_OfOneStart_IsAdamThroughTheModel()
    {
        var golden = new Golden("planning.json", "gradient", "planning");
        var (a, b) = (golden.Floats("a"), golden.Floats("b"));
        var world = new FormulaWorld(2, 1, (x, u) =>
        {
            var next = x.matmul(a.t()).add(u.matmul(b.t())).tanh();
            return new(next, next.square().sum(-1).add(u.square().sum(-1), alpha: 0.1).neg(), next.select(-1, 0).sigmoid());
        });
        var config = new PlanningConfig { Planner = PlanningConfig.Gradient, Horizon = 3, Candidates = 1, Iterations = (int)golden.Number("steps"), LearningRate = golden.Number("rate"), Discount = golden.Number("discount") };
        using var actions = PlanActions.Of(new BoxSpace([1], [-2], [2]), null, CPU);
        using var noise = Noise(1);
        var returns = golden.Doubles("returns").data<double>().ToArray();
        Assert.Equal(returns.Order(), returns);
        var plan = Planners.Create(config, actions).Search(world, golden.Floats("x").unsqueeze(0), golden.Floats("start").unsqueeze(0), null, noise);
        Golden.AssertClose(golden.Floats("plan").unsqueeze(0), plan.Actions, 2e-5);
        Assert.Equal(returns[^1], plan.Returns[0].ToDouble(), 1e-5);
    }

    [Theory]
    [InlineData("random_shooting", 2000, 1)]
    [InlineData("cem", 300, 5)]
    [InlineData("gradient", 200, 30)]
    public void Search_InAKnownMdp_FindsTheBestSequence(string planner, int candidates, int iterations)
    {
        foreach (var (horizon, discount) in new[] { (2, 1.0), (4, 1.0), (4, 0.5) })
        {
            var config = new PlanningConfig { Planner = planner, Horizon = horizon, Candidates = candidates, Iterations = iterations, Discount = discount, LearningRate = 0.3 };
            for (var state = 0; state < 3; state++)
            {
                var (best, actions) = KnownWorlds.BestOfChain(state, horizon, discount);
                var plan = Search(config, new DiscreteSpace(3), KnownWorlds.Chain(), eye(4).narrow(0, state, 1), 7);
                Assert.Equal(best, plan.Returns[0].ToDouble(), 1e-5);
                Assert.Equal(actions[0], plan.Actions[0, 0].argmax().ToInt64());
            }
        }

        // By hand: three steps for 10 beat 1 + 1 + 2 and 4 steps of 1; at half the worth a step, 2 now equals 1 + 1/2 + 1/4 + 2/8.
        Assert.Equal(11, KnownWorlds.BestOfChain(0, 4, 1).Return);
        Assert.Equal(3, KnownWorlds.BestOfChain(0, 2, 1).Return);
    }

    [Fact]
    public void Search_BetweenTwoHills_IsBeyondAGradientButNotBeyondDraws()
    {
        var start = tensor(new float[,] { { -1 } });
        var space = new BoxSpace([1], [-1.5], [1.5]);
        var shared = new PlanningConfig { Horizon = 4, Discount = 1 };
        // From the middle of the range, and from there alone, the gradient stays on the low hill: 4 steps of 1.
        var gradient = Search(shared with { Planner = PlanningConfig.Gradient, Candidates = 1, Iterations = 100 }, space, KnownWorlds.Hills(), start, 1);
        Assert.Equal(4, gradient.Returns[0].ToDouble(), 0.01);
        // Two steps to the high hill and two on it: 0 + 3 + 3 + 3.
        var shooting = Search(shared with { Planner = PlanningConfig.RandomShooting, Candidates = 4000 }, space, KnownWorlds.Hills(), start, 1);
        var cem = Search(shared with { Planner = PlanningConfig.CrossEntropy, Candidates = 400, Iterations = 12 }, space, KnownWorlds.Hills(), start, 1);
        var starts = Search(shared with { Planner = PlanningConfig.Gradient, Candidates = 32, Iterations = 100 }, space, KnownWorlds.Hills(), start, 1);
        Assert.InRange(shooting.Returns[0].ToDouble(), 5.5, 9.1);
        Assert.InRange(cem.Returns[0].ToDouble(), 8.8, 9.1);
        Assert.InRange(starts.Returns[0].ToDouble(), 6, 9.1);
    }

    [Theory]
    [InlineData("random_shooting")]
    [InlineData("cem")]
    [InlineData("gradient")]
    public void Search_OfManyLanes_IsTheSearchOfEach(string planner)
    {
        var config = new PlanningConfig { Planner = planner, Horizon = 4, Candidates = 16, Iterations = 3 };
        foreach (var (space, world, latents) in new (Space, IWorldModel, Tensor)[]
        {
            (Wide, KnownWorlds.Hills(), tensor(new float[,] { { -1 }, { 0.5f }, { 2 } })),
            (new DiscreteSpace(3), KnownWorlds.Chain(), eye(4).narrow(0, 0, 3)),
        })
        {
            var all = Search(config, space, world, latents, [11, 12, 13]);
            var alone = Search(config, space, world, latents.narrow(0, 1, 1), 12);
            Assert.Equal(Bits(alone.Actions), Bits(all.Actions.narrow(0, 1, 1)));
            Assert.Equal(Bits(alone.Returns), Bits(all.Returns.narrow(0, 1, 1)));
            // The draws matter: another stream, another plan.
            if (space is BoxSpace)
                Assert.NotEqual(Bits(alone.Actions), Bits(Search(config, space, world, latents.narrow(0, 1, 1), 99).Actions));
        }
    }

    [Theory]
    [InlineData("random_shooting")]
    [InlineData("cem")]
    [InlineData("gradient")]
    public void Search_WithAForbiddenAction_NeverTakesItFirst(string planner)
    {
        // In 2 the best is action 1, for 10; without it, 2 for 2 at once is as good as it gets in one step.
        var config = new PlanningConfig { Planner = planner, Horizon = 1, Candidates = 64, Iterations = 10, LearningRate = 0.5 };
        using var actions = PlanActions.Of(new DiscreteSpace(3), null, CPU);
        using var noise = Noise(4);
        var masks = tensor(new[] { true, false, true }).unsqueeze(0);
        var plan = Planners.Create(config, actions).Search(KnownWorlds.Chain(), eye(4).narrow(0, 2, 1), actions.Neutral(1, 1, CPU), masks, noise);
        Assert.Equal(2, plan.Actions[0, 0].argmax().ToInt64());
        Assert.Equal(2, plan.Returns[0].ToDouble(), 1e-6);
    }

    [Fact]
    public void Search_FromThePlanOfTheStepBefore_GoesOnFromIt()
    {
        // The shifted plan is candidate 0: what is left of the best plan from the state that its first action led to.
        using var actions = PlanActions.Of(Wide, null, CPU);
        var plan = Search(Settled("cem") with { Horizon = 3 }, Wide, KnownWorlds.Line(), tensor(new float[,] { { 1 } }), 3);
        var shifted = actions.Shifted(plan.Actions);
        Assert.Equal(plan.Actions[0, 1, 0].ToSingle(), shifted[0, 0, 0].ToSingle());
        Assert.Equal(0, shifted[0, 2, 0].ToSingle());
        var next = tensor(new float[,] { { 1 + plan.Actions[0, 0, 0].ToSingle() } });
        var alone = new PlanObjective().Returns(KnownWorlds.Line(), next, shifted.unsqueeze(1))[0, 0].ToDouble();
        var few = new PlanningConfig { Horizon = 3, Candidates = 2, Iterations = 1, Discount = 1 };
        using var noise = Noise(8);
        Assert.True(Planners.Create(few, actions).Search(KnownWorlds.Line(), next, shifted, null, noise).Returns[0].ToDouble() >= alone - 1e-6);
        using var discrete = PlanActions.Of(new DiscreteSpace(2), null, CPU);
        Assert.Equal([0f, 1, 0.5f, 0.5f], discrete.Shifted(tensor(new float[] { 1, 0, 0, 1 }).reshape(1, 2, 2)).data<float>().ToArray());
    }

    [Fact]
    public void Search_WhereTheModelIsNotFinite_ReturnsNegativeInfinityOrAvoidsIt()
    {
        var broken = new FormulaWorld(1, 1, (x, u) => new(x.add(u), x.add(u).log().sum(-1), ones([x.size(0)])));
        foreach (var planner in PlanningConfig.Planners)
        {
            var config = new PlanningConfig { Planner = planner, Horizon = 2, Candidates = 64, Iterations = 4 };
            // Half of the draws leave the domain of the logarithm: they are never the best.
            Assert.True(double.IsFinite(Search(config, Wide, broken, tensor(new float[,] { { 0.5f } }), 2).Returns[0].ToDouble()));
            Assert.Equal(double.NegativeInfinity, Search(config, Wide, broken, tensor(new float[,] { { -50 } }), 2).Returns[0].ToDouble());
        }
    }

    [Fact]
    public void Actions_WithoutBounds_ArePlannedWhereTheDataIs()
    {
        using var actions = PlanActions.Of(BoxSpace.Unbounded(1), new ActionUnits([2], [0.5]), CPU);
        Assert.Equal(4f, actions.FromUnits(ones(1)).item<float>());
        Assert.Equal(0f, actions.FromUnits(ones(1).neg()).item<float>());
        Assert.Contains("has no finite bound", Assert.Throws<UserErrorException>(() => PlanActions.Of(BoxSpace.Unbounded(1), null, CPU)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plan is 'gradent'; expected one of the planners. Did you mean 'gradient'? Known: random_shooting, cem, gradient.")]
    [InlineData("horizon is 0; expected 1 to 1000.")]
    [InlineData("candidates is 0; expected 1 to 1000000.")]
    [InlineData("elite_share is 2; expected a number in (0, 1].")]
    [InlineData("momentum is 1; expected a number in [0, 1).")]
    [InlineData("discount is -1; expected a number in [0, 1].")]
    [InlineData("penalty is -1; expected a number of at least 0.")]
    [InlineData("learning_rate is 0; expected a positive number.")]
    [InlineData("relaxation is 'hard'; expected straight_through or softmax.")]
    public void Config_SaysEveryFault(string fault)
    {
        var config = new PlanningConfig { Planner = "gradent", Horizon = 0, Candidates = 0, EliteShare = 2, Momentum = 1, Discount = -1, Penalty = -1, LearningRate = 0, Relaxation = "hard" };
        Assert.Contains(fault, config.Validate());
        Assert.Empty(new PlanningConfig().Validate());
    }

    // Enough rounds to come to rest.
    static PlanningConfig Settled(string planner) => planner == PlanningConfig.Gradient
        ? new() { Planner = planner, Discount = 1, Candidates = 4, Iterations = 400, LearningRate = 0.1 }
        : new() { Planner = planner, Discount = 1, Candidates = 500, Iterations = 40, Momentum = 0.1, InitialDeviation = 0.5 };

    static Plan Search(PlanningConfig config, Space space, IWorldModel world, Tensor latents, params ulong[] seeds)
    {
        using var actions = PlanActions.Of(space, null, CPU);
        using var noise = Noise(seeds);
        return Planners.Create(config, actions).Search(world, latents, actions.Neutral(seeds.Length, config.Horizon!.Value, CPU), null, noise);
    }

    static PlanNoise Noise(params ulong[] seeds)
    {
        var noise = new PlanNoise(CPU);
        noise.Seed(seeds.Select(seed => RandomStream.Create(seed, "plan")).ToArray());
        return noise;
    }

    static Tensor Float(double[,] values) => tensor(values).to(ScalarType.Float32);

    static byte[] Bits(Tensor values) => values.contiguous().bytes.ToArray();
}
