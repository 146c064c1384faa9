using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

public sealed class TabularTests
{
    public static TheoryData<string> Ids => new(TabularEnvironments.Tasks.Select(t => t.Id));

    /// <summary>The tables of a listed environment.</summary>
    public static TabularMdp Mdp(string id) => Task(id).Mdp(EnvironmentRegistry.Resolve(id));

    [Theory]
    [MemberData(nameof(Ids))]
    public void References_AreTheSolvers(string id)
    {
        var definition = EnvironmentRegistry.Definition(id);
        var (random, expert) = Task(id).Solve(definition.DefaultIdentity);
        Assert.True(Near(random, definition.ReferenceRandomReturn) && Near(expert, definition.ReferenceExpertReturn), $"({random:R}, {expert:R})");
        Assert.True(expert > random);

        static bool Near(double exact, double? declared) => Math.Abs(exact - declared!.Value) <= 1e-11 * Math.Max(1, Math.Abs(exact));
    }

    [Theory]
    [InlineData("GridWorld-v1?size=3", "uniform", 0)]
    [InlineData("FrozenLake-v1", "optimal", 0)]
    [InlineData("FrozenLake-v1?max_steps=20", "optimal?epsilon=0.3", 0.3)]
    [InlineData("RandomMdp-v1?max_steps=30", "optimal", 0)]
    public void Rollouts_GiveTheExactReturn(string id, string spec, double epsilon)
    {
        var (definition, identity) = (EnvironmentRegistry.Definition(id), EnvironmentRegistry.Resolve(id));
        var mdp = Mdp(id).WithDiscount(1);
        var policy = spec == "uniform" ? TabularPolicy.Uniform(mdp) : ((TabularPolicy)definition.Policies[0].Create(identity)).Soften(mdp, epsilon);
        var exact = TabularSolver.EvaluateHorizon(mdp, policy, definition.MaxEpisodeSteps).Return;
        var returns = Batch.Returns(BuiltInPolicies.Make(spec, definition, identity), id, 200, 77);
        var mean = returns.Average();
        var error = Math.Sqrt(returns.Sum(r => (r - mean) * (r - mean)) / (returns.Length - 1) / returns.Length);
        Assert.InRange(mean, exact - (4 * error), exact + (4 * error));
        Assert.True(error < 0.1 * (1 + Math.Abs(exact)), "too few episodes to tell");
    }

    [Fact]
    public void GridWorld_IsTheOneOfSuttonAndBarto()
    {
        var mdp = Mdp("GridWorld-v1");
        // Figure 4.1, k = infinity.
        double[] expected = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0];
        Assert.Equal(expected, TabularSolver.Evaluate(mdp, TabularPolicy.Uniform(mdp)).States.ToArray(), (a, b) => Math.Abs(a - b) < 1e-11);
        double[] best = [0, -1, -2, -3, -1, -2, -3, -2, -2, -3, -2, -1, -3, -2, -1, 0];
        Assert.Equal(best, TabularSolver.PolicyIteration(mdp).States.ToArray(), (a, b) => Math.Abs(a - b) < 1e-11);
        Assert.Equal(1.0 / 14, mdp.Start[1], 1e-15);
    }

    [Fact]
    public void CliffWalking_TheBestWayIsThirteenStepsAlongTheEdge()
    {
        var optimum = TabularSolver.PolicyIteration(Mdp("CliffWalking-v1"));
        Assert.Equal(-13, optimum.Return, 1e-10);
        Assert.Equal((0, 2), (optimum.Actions[36], optimum.Actions[35]));
        Assert.All(optimum.Actions[24..35].ToArray(), a => Assert.Equal(1, a));
    }

    [Fact]
    public void FrozenLake_OptimaAreThosePublished()
    {
        // Gymnasium's registry: optimum 0.74 and 0.91 at the step limits; without a limit 14/17 and 1.
        Assert.Equal(14.0 / 17, TabularSolver.PolicyIteration(Mdp("FrozenLake-v1")).Return, 1e-10);
        Assert.Equal(1, TabularSolver.PolicyIteration(Mdp("FrozenLake-v1?size=8")).Return, 1e-9);
        Assert.Equal(0.74, TabularSolver.OptimalHorizon(Mdp("FrozenLake-v1"), 100).Return, 0.005);
        Assert.Equal(0.91, TabularSolver.OptimalHorizon(Mdp("FrozenLake-v1?size=8"), 200).Return, 0.005);
    }

    [Theory]
    [InlineData("FrozenLake-v1")]
    [InlineData("GridWorld-v1?slip=0.3&wind=0.2")]
    [InlineData("CliffWalking-v1?wind=0.2&slippery=1&max_steps=50")]
    [InlineData("Taxi-v4?rainy=1&max_steps=40")]
    [InlineData("RandomMdp-v1?branching=9&end_probability=0.05")]
    public void Step_InABatchOfAnySize_GivesTheDigitsOfASingleInstance(string id)
    {
        const int Count = 13;
        var seeds = Enumerable.Range(0, Count).Select(i => 100UL + (ulong)i).ToArray();
        using var together = new Batch(id, Count).Reset(seeds);
        using var again = new Batch(id, Count).Reset(seeds);
        var alone = seeds.Select(s => new Batch(id, 1).Reset(s)).ToArray();
        var actions = ((DiscreteSpace)together.Environment.ActionSpace).Count;
        var random = RandomStream.Create(1, "actions");
        var ends = 0;
        for (var t = 0; t < 150; t++)
        {
            var drawn = Enumerable.Range(0, Count).Select(_ => random.NextInt(actions)).ToArray();
            together.Step(drawn);
            again.Step(drawn);
            Assert.Equal(again.Observations, together.Observations);
            for (var i = 0; i < Count; i++)
            {
                alone[i].Step(drawn[i]);
                Assert.Equal(alone[i].Observations[0], together.Observations[i]);
                Assert.Equal(alone[i].Rewards[0], together.Rewards[i]);
                Assert.Equal(alone[i].Terminated[0], together.Terminated[i]);
                Assert.Equal(alone[i].Truncated[0], together.Truncated[i]);
                if (!together.Terminated[i] && !together.Truncated[i])
                    continue;
                ends++;
                Assert.Equal(alone[i].Final[0], together.Final[i]);
            }
        }

        Assert.True(ends >= Count, $"only {ends} episodes ended");
    }

    [Theory]
    [InlineData("FrozenLake-v1?success_rate=0.5", 6, 2)]
    [InlineData("Taxi-v4?rainy=1", 246, 1)]
    [InlineData("RandomMdp-v1?states=50&branching=17&mdp_seed=3", 11, 2)]
    [InlineData("GridWorld-v1?slip=0.3&wind=0.2&size=5", 12, 1)]
    public void Step_FromOneState_HasTheFrequenciesOfTheTable(string id, int state, int action)
    {
        const int Count = 1000, Repeats = 40;
        using var batch = new Batch(id, Count).Reset(Enumerable.Range(0, Count).Select(i => 5000UL + (ulong)i).ToArray());
        var environment = (IStatefulEnvironment)batch.Environment;
        var mdp = Mdp(id);
        var counts = new Dictionary<(int, double, bool), int>();
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            for (var i = 0; i < Count; i++)
                environment.SetState(i, [state], batch.Observations.AsSpan(i, 1));
            batch.Step(Enumerable.Repeat(action, Count).ToArray());
            for (var i = 0; i < Count; i++)
            {
                var key = ((int)(batch.Terminated[i] ? batch.Final[i] : batch.Observations[i]), batch.Rewards[i], batch.Terminated[i]);
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        var row = mdp.Row(state, action);
        var statistic = 0.0;
        for (var k = 0; k < row.Count; k++)
        {
            var expected = Count * Repeats * row.Probabilities[k];
            Assert.True(counts.Remove((row.NextStates[k], row.Rewards[k], row.Ends[k]), out var found), $"{row.NextStates[k]} never came");
            statistic += (found - expected) * (found - expected) / expected;
        }

        Assert.Empty(counts);
        Assert.True(row.Count > 1);
        // Wilson and Hilferty's approximation of the 0.999 quantile of chi-square.
        var degrees = row.Count - 1.0;
        var quantile = degrees * Math.Pow(1 - (2 / (9 * degrees)) + (3.09 * Math.Sqrt(2 / (9 * degrees))), 3);
        Assert.InRange(statistic, 0, quantile);
    }

    [Fact]
    public void Start_HasTheFrequenciesOfTheTable()
    {
        const int Count = 60_000;
        using var batch = new Batch("Taxi-v4", Count).Reset(Enumerable.Range(0, Count).Select(i => (ulong)i).ToArray());
        var counts = batch.Observations.CountBy(s => (int)s).ToList();
        Assert.Equal(300, counts.Count);
        var statistic = counts.Sum(c => Math.Pow(c.Value - 200, 2) / 200);
        // The 0.999 quantile for 299 degrees of freedom is 380.
        Assert.InRange(statistic, 220, 380);
    }

    [Fact]
    public void Step_IntoAHole_TerminatesAndAtTheLimitTruncates()
    {
        using var batch = new Batch("FrozenLake-v1?slippery=0&max_steps=3", 2).Reset(1, 2);
        batch.Step(1, 0);
        Assert.Equal([4, 0], batch.Observations);
        batch.Step(2, 0);
        Assert.Equal([true, false], batch.Terminated);
        Assert.Equal([false, false], batch.Truncated);
        Assert.Equal(5, batch.Final[0]);
        Assert.Equal([0, 0], batch.Observations);
        batch.Step(1, 3);
        Assert.Equal([false, false], batch.Terminated);
        Assert.Equal([false, true], batch.Truncated);
        Assert.Equal(0, batch.Final[1]);
    }

    [Fact]
    public void ActionMask_IsThatOfTheStateAndForbiddenActionsAreRefused()
    {
        using var batch = new Batch("Taxi-v4?action_mask=1", 2).Reset(1, 2);
        var masked = Assert.IsType<IMaskedEnvironment>(batch.Environment, exactMatch: false);
        Assert.False(new Batch("Taxi-v4", 1).Environment is IMaskedEnvironment);
        var environment = (IStatefulEnvironment)batch.Environment;
        // The taxi in the upper left corner, where the passenger waits: south, east, pick up.
        environment.SetState(0, [1], batch.Observations.AsSpan(0, 1));
        environment.SetState(1, [1], batch.Observations.AsSpan(1, 1));
        var masks = new bool[12];
        masked.ActionMasks(masks);
        Assert.Equal([true, false, true, false, true, false], masks[..6]);
        Assert.Equal(masks[..6], masks[6..]);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => batch.Step(0, 1));
        Assert.Contains("Action 1 in instance 1 is not allowed in state 1 ('row 0, column 0, passenger red, to green')", error.Message, StringComparison.Ordinal);
        masked.ActionMasks(masks);
        Assert.Equal([true, false, true, false, true, false], masks[..6]);
        batch.Step(4, 0);
        Assert.Equal([17, 101], batch.Observations);
    }

    [Fact]
    public void Restore_GoesOnWithTheSameDigits()
    {
        using var batch = new Batch("FrozenLake-v1", 1).Reset(3);
        batch.Step(2);
        var environment = (IStatefulEnvironment)batch.Environment;
        var saved = environment.Save(0);
        var first = Walk(batch);
        environment.Restore(0, saved, batch.Observations);
        Assert.Equal(first, Walk(batch));

        static List<float> Walk(Batch batch)
        {
            var seen = new List<float>();
            for (var t = 0; t < 100; t++)
            {
                batch.Step(t % 4);
                seen.Add(batch.Observations[0]);
            }

            return seen;
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(-1)]
    [InlineData(0.5)]
    [InlineData(0)]
    public void SetState_WhereNothingCanBe_IsRefused(double state)
    {
        using var batch = new Batch("GridWorld-v1", 1).Reset(3);
        var before = batch.Observations[0];
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => ((IStatefulEnvironment)batch.Environment).SetState(0, [state], batch.Observations));
        Assert.Contains("expected a whole number from 0 to 15 that is not terminal", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, batch.Observations[0]);
    }

    [Theory]
    [InlineData("FrozenLake-v1?size=5", "size is 5; expected 4 or 8")]
    [InlineData("FrozenLake-v1?size=4.5", "size is '4.5'")]
    [InlineData("FrozenLake-v1?slippery=2", "slippery is '2'")]
    [InlineData("GridWorld-v1?start=16", "start is 16; expected -1, or a cell from 0 to 15 that is no goal")]
    [InlineData("GridWorld-v1?start=0", "start is 0")]
    [InlineData("RandomMdp-v1?branching=21", "branching is 21; expected 1 to 20")]
    [InlineData("RandomMdp-v1?states=100000&actions=1000&branching=1000", "at most 100 million")]
    [InlineData("CliffWalking-v1?windy=1", "Did you mean 'wind'?")]
    public void Make_WithAWrongParameter_SaysWhat(string id, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => EnvironmentRegistry.Make(id, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Definition_FollowsTheParameters()
    {
        var definition = EnvironmentRegistry.Definition("FrozenLake-v1?size=8");
        Assert.Equal(new DiscreteSpace(64), definition.ObservationSpace);
        Assert.Equal(200, definition.MaxEpisodeSteps);
        Assert.Null(definition.ReferenceExpertReturn);
        Assert.Equal(7, EnvironmentRegistry.Definition("FrozenLake-v1?max_steps=7").MaxEpisodeSteps);
        Assert.Equal(new DiscreteSpace(7), EnvironmentRegistry.Definition("RandomMdp-v1?actions=7").ActionSpace);
        Assert.NotNull(EnvironmentRegistry.Definition("FrozenLake-v1?success_rate=0.8").ReferenceExpertReturn);
    }

    [Fact]
    public void RandomTables_DependOnTheirSeedAlone()
    {
        Assert.Equal(Mdp("RandomMdp-v1?mdp_seed=5").ContentHash, Mdp("RandomMdp-v1?mdp_seed=5&max_steps=9").ContentHash);
        Assert.NotEqual(Mdp("RandomMdp-v1?mdp_seed=5").ContentHash, Mdp("RandomMdp-v1?mdp_seed=6").ContentHash);
        var mdp = Mdp("RandomMdp-v1?states=30&branching=30");
        Assert.Equal(30 * 4 * 30, mdp.TransitionCount);
        var maps = Enumerable.Range(1, 20).Select(seed => Mdp($"FrozenLake-v1?size=10&map_seed={seed}")).ToList();
        Assert.Equal(20, maps.Select(m => m.ContentHash).Distinct().Count());
        // The goal is within reach on all of them.
        Assert.All(maps, m => Assert.True(TabularSolver.PolicyIteration(m).Return > 0));
    }

    static TabularTask Task(string id) => TabularEnvironments.Tasks.Single(t => t.Id == id.Split('?')[0]);
}
