using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class TabularMdpTests
{
    [Fact]
    public void Build_MergesAndOrdersOutcomesAndKeepsRewardsApart()
    {
        var mdp = new TabularMdpBuilder(2, 1, "test")
            .Add(0, 0, 1, 0.25, 1).Add(0, 0, 0, 0.125, 0).Add(0, 0, 1, 0.25, 1).Add(0, 0, 1, 0.25, -1).Add(0, 0, 1, 0.125, 1, ends: true).Add(0, 0, 1, 0, 9)
            .Add(1, 0, 1, 1, 0)
            .SetStart(0, 1).Build();
        var row = mdp.Row(0, 0);
        Assert.Equal([0, 1, 1, 1], row.NextStates.ToArray());
        Assert.Equal([0.125, 0.25, 0.5, 0.125], row.Probabilities.ToArray());
        Assert.Equal([0, -1, 1, 1], row.Rewards.ToArray());
        Assert.Equal([false, false, false, true], row.Ends.ToArray());
        Assert.Equal(0.375, mdp.ExpectedReward(0, 0));
        Assert.Equal(5, mdp.TransitionCount);
        Assert.Empty(mdp.Notes);
    }

    [Fact]
    public void Build_OfRowsThatAreNearlyOne_RenormalizesAndSaysSo()
    {
        var mdp = new TabularMdpBuilder(1, 2, "test")
            .Add(0, 0, 0, 1 - 5e-7, 0).Add(0, 1, 0, 1 - 5e-10, 0).SetStart(0, 1 + 2e-7).Build();
        Assert.Equal(1, mdp.Row(0, 0).Probabilities[0]);
        Assert.Equal(1 - 5e-10, mdp.Row(0, 1).Probabilities[0]);
        Assert.Equal(2, mdp.Notes.Count);
        Assert.Contains("1 rows were divided by their sums", mdp.Notes[0], StringComparison.Ordinal);
        Assert.Contains("state 0, action 0, off by 5.0e-07", mdp.Notes[0], StringComparison.Ordinal);
        Assert.Equal(1, mdp.Start[0]);
    }

    public static TheoryData<string, Action<TabularMdpBuilder>> Faults => new()
    {
        { "state 1 ('b'), action 0 ('x'): the probabilities sum to 0.9; expected 1 within 1E-06", b => b.Add(1, 0, 0, 0.9, 0) },
        { "test: state 1, action 0: the probability of next state 0 is -0.1", b => b.Add(1, 0, 0, -0.1, 0) },
        { "the probability of next state 0 is NaN", b => b.Add(1, 0, 0, double.NaN, 0) },
        { "the probability of next state 0 is 2", b => b.Add(1, 0, 0, 2, 0) },
        { "the reward on the way to state 0 is NaN", b => b.Add(1, 0, 0, 1, double.NaN) },
        { "test: state 2 was found; expected 0 to 1", b => b.Add(2, 0, 0, 1, 0) },
        { "test: action -1 was found", b => b.Add(1, -1, 0, 1, 0) },
        { "next state 7 was found", b => b.Add(1, 0, 7, 1, 0) },
        { "somewhere: next state 7", b => b.Add(1, 0, 7, 1, 0, where: () => "somewhere") },
        { "state 1 ('b'), action 1 ('y') is allowed and has no transitions", b => b.Add(1, 0, 0, 1, 0) },
        { "leads to state 1 ('b'), which has no transitions", b => b.SetStart(0, 1) },
        { "the start probabilities sum to 1.5", b => b.SetTerminal(1).SetStart(0, 0.75).SetStart(1, 0.75) },
        { "may start in state 1 ('b'), which has no transitions", b => b.SetTerminal(1).SetStart(0, 0.5).SetStart(1, 0.5) },
        { "the probability to start in state 1 is -1", b => b.SetStart(1, -1) },
        { "the mask allows no action in state 0 ('a')", b => b.SetTerminal(1).Forbid(0, 0).Forbid(0, 1) },
        { "the mask has 3 numbers; expected 4", b => b.SetMask(new bool[3]) },
        { "the list of state names has 1 numbers; expected 2", b => b.StateNames = ["a"] },
        { "the action name 'x' stands twice", b => b.ActionNames = ["x", "x"] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Build_OfWhatIsNoMdp_NamesStateActionAndWhatWasFound(string expected, Action<TabularMdpBuilder> fault)
    {
        var builder = new TabularMdpBuilder(2, 2, "test") { StateNames = ["a", "b"], ActionNames = ["x", "y"] }
            .Add(0, 0, 1, 1, 0).Add(0, 1, 0, 1, 0).SetStart(0, 1);
        var error = Assert.Throws<UserErrorException>(() =>
        {
            fault(builder);
            builder.Build();
        });
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_WhereNothingFollows_EndsEpisodes()
    {
        // 2 and 3 earn nothing and stay among themselves; 1 earns on its way there.
        var mdp = new TabularMdpBuilder(4, 1, "test") { EndsWhereNothingFollows = true }
            .Add(0, 0, 1, 1, 0).Add(1, 0, 2, 0.5, 1).Add(1, 0, 0, 0.5, 0).Add(2, 0, 3, 1, 0).Add(3, 0, 2, 1, 0)
            .SetStart(0, 1).Build();
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(mdp.IsTerminal));
        Assert.Equal([false, true], mdp.Row(1, 0).Ends.ToArray());
        // Started in, such a state keeps its step.
        var started = new TabularMdpBuilder(2, 1, "test") { EndsWhereNothingFollows = true }
            .Add(0, 0, 1, 1, 1).Add(1, 0, 1, 1, 0).SetStart(0, 0.5).SetStart(1, 0.5).Build();
        Assert.True(started.Row(1, 0).Ends[0]);
        // Without any reward, nothing is known of ends.
        Assert.False(new TabularMdpBuilder(1, 1, "test") { EndsWhereNothingFollows = true }.Add(0, 0, 0, 1, 0).SetStart(0, 1).Build().IsTerminal(0));
    }

    [Fact]
    public void WithDiscountAndWithoutMask_ShareTheTables()
    {
        var mdp = Mdps.Random(6, 3, 2, 0.9, 1, mask: true);
        Assert.Equal(mdp.ContentHash, mdp.WithDiscount(0.5).ContentHash);
        Assert.Equal(0.5, mdp.WithDiscount(0.5).Discount);
        Assert.Contains("the discount is 1.5", Assert.Throws<UserErrorException>(() => mdp.WithDiscount(1.5)).Message, StringComparison.Ordinal);
        Assert.False(mdp.WithoutMask().HasMask);
        Assert.NotEqual(mdp.ContentHash, mdp.WithoutMask().ContentHash);
        var gap = new TabularMdpBuilder(1, 2, "test").Add(0, 0, 0, 1, 0).Forbid(0, 1).SetStart(0, 1).Build();
        Assert.Contains("action 1 is allowed and has no transitions", Assert.Throws<UserErrorException>(gap.WithoutMask).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sums to 0.5", 0.5, 0, 1, 0)]
    [InlineData("has probability -0.5 for action 1", 1.5, -0.5, 1, 0)]
    [InlineData("which the mask forbids", 1, 0, 0, 1)]
    public void Policy_ThatIsNoDistributionOverAllowedActions_IsRefused(string expected, double a, double b, double c, double d)
    {
        var mdp = new TabularMdpBuilder(2, 2, "test").Add(0, 0, 1, 1, 0).Add(0, 1, 1, 1, 0).Add(1, 0, 0, 1, 0).Forbid(1, 1).SetStart(0, 1).Build();
        var error = Assert.Throws<UserErrorException>(() => new TabularPolicy("p", mdp, [a, b, c, d]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Throws<UserErrorException>(() => TabularPolicy.Deterministic("p", mdp, [0, 1]));
        Assert.Throws<UserErrorException>(() => TabularPolicy.Deterministic("p", mdp, [0, 2]));
        Assert.Contains("2 probabilities; expected 2 states times 2 actions", Assert.Throws<UserErrorException>(() => new TabularPolicy("p", mdp, [1, 0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_ActsAndScoresByItsTable()
    {
        var mdp = Mdps.Pair(0.9);
        var policy = new TabularPolicy("p", mdp, [0.25, 0.75, 1, 0]);
        Assert.Equal([0.5 * 0.25 + 0.25, 0.625, 0.75, 0.25], policy.Soften(mdp, 0.5).Probabilities.ToArray());
        const int Count = 4000;
        var (actions, log, whole) = (new int[Count], new double[Count], new double[Count * 2]);
        var observations = Enumerable.Range(0, Count).Select(i => (float)(i % 2)).ToArray();
        var input = new PolicyInput { Count = Count, Observations = observations, Random = Enumerable.Range(0, Count).Select(i => RandomStream.Create((ulong)i, "act")).ToArray() };
        policy.Act(input, new PolicyOutput { Discrete = actions, LogProbabilities = log, Probabilities = whole });
        var inState0 = actions.Where((_, i) => i % 2 == 0).ToArray();
        // Five standard errors.
        Assert.Equal(0.75, inState0.Average(), 5 * Math.Sqrt(0.1875 / inState0.Length));
        Assert.All(actions.Where((_, i) => i % 2 == 1), a => Assert.Equal(0, a));
        Assert.Equal([0.25, 0.75, 1, 0], whole[..4]);
        Assert.Equal(Math.Log(inState0[0] == 1 ? 0.75 : 0.25), log[0]);
        var score = new double[Count];
        policy.Score(input, new ActionBatch { Discrete = Enumerable.Repeat(1, Count).ToArray() }, score, []);
        Assert.Equal([Math.Log(0.75), double.NegativeInfinity], score[..2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => policy.Score(new PolicyInput { Count = 1, Observations = [2] }, new ActionBatch { Discrete = [0] }, new double[1], []));
    }
}
