using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels;

public sealed class ControllerDreamTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly SmallMdpModel _mdp = new();

    public void Dispose()
    {
        _scope.Dispose();
        _mdp.Dispose();
    }

    // Scores of the two actions in each of the three states, and no bias: a policy as a linear controller.
    static float[] Policy(params bool[] second) => [.. second.Select(b => b ? 0f : 1), .. second.Select(b => b ? 1f : 0), 0, 0];

    [Fact]
    public void Returns_OfPoliciesSideBySide_AreTheirExactValues()
    {
        const double Discount = 0.9;
        using var generator = new Generator(4);
        var shape = new ControllerShape(3, [], new DiscreteSpace(2));
        Assert.Equal(8, shape.Count);
        var starts = eye(3).repeat_interleave(4_000, 0);
        bool[][] policies = [[false, false, false], [true, true, false], [false, true, true]];
        var controllers = tensor(policies.SelectMany(policy => Policy(policy)).ToArray()).reshape(3, 8);
        var found = new ControllerDream(100, Discount).Returns(_mdp, shape, controllers, starts, tensor(0f), generator);
        for (var p = 0; p < 3; p++)
            Assert.Equal(SmallMdpModel.Values([.. policies[p].Select(b => b ? 1.0 : 0)], Discount).Average(), found.Returns[p].ToDouble(), 0.04);
        Assert.InRange(found.Steps.ToDouble(), 2, 100);
        Assert.Equal(0, found.Disagreement.ToDouble());
    }

    [Fact]
    public void Returns_AfterACut_EarnTheLowestReward()
    {
        using var generator = new Generator(4);
        using var model = new LinearGaussianModel(a: 0.5, b: 1, sigma: 0, cutAbove: 3);
        // Actions are 0. From 8: rewards 1 - 16, and, the disagreement of 8 being above 3, whatever comes after is taken to give -7; from 2: 1 - 1, 1 - 1/4, 1 - 1/16.
        var shape = new ControllerShape(1, [], new BoxSpace([1], [-1], [1]));
        var found = new ControllerDream(3, 0.5).Returns(model, shape, zeros(1, 2), tensor(new[] { 8f, 2 }).reshape(2, 1), tensor(-7f), null!);
        var (cut, whole) = (-15 - (0.5 * 7) - (0.25 * 7), 0 + (0.5 * 0.75) + (0.25 * 0.9375));
        Assert.Equal((cut + whole) / 2, found.Returns[0].ToDouble(), 1e-5);
        Assert.Equal((1 + 3) / 2.0, found.Steps.ToDouble(), 1e-6);
        Assert.Equal((((8 + 4 + 2) / 3.0) + ((2 + 1 + 0.5) / 3)) / 2, found.Disagreement.ToDouble(), 1e-5);
    }

    [Fact]
    public void Scores_AreThoseOfTheStoredNetwork_AndActionsStayWithinTheBox()
    {
        var random = RandomStream.Create(1, "controllers");
        var shape = new ControllerShape(3, [5], new BoxSpace([2], [-1, 0], [3, 10]));
        Assert.Equal((3 * 5) + 5 + (5 * 2) + 2, shape.Count);
        using var search = new ControllerSearch(shape, 0.7, 6, random, random.Derive("draws"), CPU);
        using var generator = new Generator(4);
        using var model = new LinearGaussianModel();
        var rows = randn([4, 3], generator: generator);
        // A mean that is not 0.
        search.Advance(new(2, 1), new Wide(), rows, tensor(0f), generator, 0);
        var mean = cat([.. search.Controller.NamedTensors().Where(entry => entry.Name != "free").Select(entry => entry.Tensor.detach().flatten())]);
        Assert.True(mean.abs().min().ToDouble() > 0);
        var scores = shape.Scores(mean.unsqueeze(0), rows.unsqueeze(0)).squeeze(0);
        Assert.True(scores.sub(search.Controller.Forward(rows).narrow(1, 0, 2)).abs().max().ToDouble() < 1e-6);
        var actions = ControllerShape.Act(tensor(new[] { 0f, 0, 100, -100, 0.5f, 0 }).reshape(3, 2), shape.Range(CPU));
        Assert.Equal([1, 5, 3, 0, (float)(1 + (2 * Math.Tanh(0.5))), 5], actions.data<float>().ToArray().Select(x => MathF.Round(x, 6)).ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Search_OnASmallMdp_FindsTheBestPolicy()
    {
        using var generator = new Generator(7);
        var random = RandomStream.Create(2, "search");
        using var search = new ControllerSearch(new(3, [], new DiscreteSpace(2)), 0.5, 16, random, random.Derive("draws"), CPU);
        for (var g = 0; g < 25; g++)
            search.Advance(new(40, 0.9), _mdp, eye(3).repeat_interleave(100, 0), tensor(0f), generator, g);
        var scores = search.Controller.Forward(eye(3));
        double[] second = [.. Enumerable.Range(0, 3).Select(s => scores[s, 1].ToDouble() > scores[s, 0].ToDouble() ? 1.0 : 0)];
        Assert.Equal(SmallMdpModel.BestValues(0.9).Sum(), SmallMdpModel.Values(second, 0.9).Sum(), 1e-9);
    }

    // z' = 0.9 z + 0.5 u + 0.3 e: u = -1.8 z leaves the noise alone, of which 1 - 0.09 a step is left; doing nothing, 1 - 0.09 / (1 - 0.81) and less.
    [Fact]
    public void Search_OnALinearSystem_FindsTheBestLinearPolicy_BitForBitFromItsState()
    {
        using var model = new LinearGaussianModel();
        using var generator = new Generator(7);
        var random = RandomStream.Create(3, "search");
        using var search = Search();
        var shape = search.Shape;
        var (metrics, values) = (Array.Empty<Tensor>(), new List<double>());
        ControllerSearch? resumed = null;
        for (var g = 0; g < 30; g++)
        {
            if (g == 17)
            {
                resumed = Search(seed: 8);
                using var quiet = no_grad();
                foreach (var (from, to) in search.State("").Zip(resumed.State("")))
                    to.Tensor.copy_(from.Tensor);
            }

            metrics = Advance(search, g);
            if (resumed is not null)
                Assert.Equal(metrics.Select(m => m.ToDouble()), Advance(resumed, g).Select(m => m.ToDouble()));
            values.Add(metrics[0].ToDouble());
        }

        Assert.True(values[^1] > values[0]);
        foreach (var (from, to) in search.State("").Zip(resumed!.State("")))
            Assert.Equal(0, from.Tensor.sub(to.Tensor).abs().max().ToDouble());
        resumed.Dispose();
        // Near 0, where the states are, the action is 20 tanh(w z + b), nearly 20 w z.
        var (weight, bias) = (search.Controller.NamedTensors().First().Tensor.ToDouble(), search.Controller.NamedTensors().ElementAt(1).Tensor.ToDouble());
        Assert.Equal(-1.8, 20 * weight, 0.15);
        Assert.Equal(0, 20 * bias, 0.1);
        Assert.Equal(0.91, metrics[1].ToDouble() / 20, 0.02);

        ControllerSearch Search(ulong seed = 3) => new(new(1, [], new BoxSpace([1], [-20], [20])), 0.3, 12, RandomStream.Create(seed, "search"), random.Derive("draws"), CPU);
        Tensor[] Advance(ControllerSearch s, int g)
        {
            generator.manual_seed(g);
            return s.Advance(new(20, 1), model, randn([200, 1], generator: generator), tensor(0f), generator, g);
        }
    }

    // What the search is told, and what it draws from, is that of CMA-ES alone.
    [Fact]
    public void Advance_IsAStepOfCmaEs_OnMinusTheReturns()
    {
        using var model = new LinearGaussianModel(sigma: 0);
        using var generator = new Generator(7);
        var (random, shape) = (RandomStream.Create(3, "search"), new ControllerShape(1, [], new BoxSpace([1], [-2], [2])));
        using var search = new ControllerSearch(shape, 0.3, 8, random, random.Derive("draws"), CPU);
        var alone = new CmaEs(new double[2], 0.3, 8);
        var starts = tensor(new[] { 1f, -0.5f }).reshape(2, 1);
        for (var g = 0; g < 3; g++)
        {
            search.Advance(new(4, 0.9), model, starts, tensor(0f), generator, g);
            alone.Tell([.. alone.Ask(RandomStream.Create(3, "search").Derive("draws").Derive((ulong)g)).Select(c => -Return((float)c[0], (float)c[1]))]);
        }

        var parameters = search.Controller.NamedTensors().ToList();
        Assert.Equal(alone.Mean[0], parameters[0].Tensor.ToDouble(), 1e-6);
        Assert.Equal(alone.Mean[1], parameters[1].Tensor.ToDouble(), 1e-6);
        Assert.NotEqual(0, alone.Mean[0]);
        var message = Assert.Throws<UserErrorException>(() => new ControllerSearch(shape with { Inputs = 2_000 }, 0.3, 8, random, random, CPU)).Message;
        Assert.Contains("has 2001 numbers; CMA-ES searches at most 2000", message, StringComparison.Ordinal);

        static double Return(double weight, double bias)
        {
            var sum = 0.0;
            foreach (var start in new[] { 1.0, -0.5 })
            {
                var z = start;
                for (var t = 0; t < 4; t++)
                {
                    z = (0.9 * z) + (0.5 * 2 * Math.Tanh((weight * z) + bias));
                    sum += Math.Pow(0.9, t) * (1 - (z * z)) / 2;
                }
            }

            return sum;
        }
    }

    // Three numbers of a state and two of an action, with a reward for what the action is.
    sealed class Wide : IWorldModel
    {
        public int LatentWidth => 3;

        public int ActionWidth => 2;

        public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations;

        public DreamStep Step(Tensor latent, Tensor action, Generator? generator) => new(latent, action.sum(-1), ones(latent.size(0)));

        public Tensor Decode(Tensor latent) => latent;

        public void Dispose()
        {
        }
    }
}
