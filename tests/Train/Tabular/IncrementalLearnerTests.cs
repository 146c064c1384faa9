using OfflineRL.Datasets;
using OfflineRL.Tests.Environments;
using OfflineRL.Train.Tabular;
using static OfflineRL.Tests.Train.Tabular.TabularData;

namespace OfflineRL.Tests.Train.Tabular;

/// <summary>The incremental methods by hand, by identities, and against exact values.</summary>
public sealed class IncrementalLearnerTests
{
    static readonly TabularMdp Grid = TabularTests.Mdp("GridWorld-v1");

    // Sutton and Barto, example 6.4: eight episodes of A and B.
    static readonly Episode[] Predictor =
    [
        new([0, 1], [0, 0], [0, 0], true, null),
        .. Enumerable.Repeat(new Episode([1], [0], [1], true, null), 6),
        new([1], [0], [0], true, null),
    ];

    static void Feed(ITabularLearner learner, IEnumerable<Episode> episodes, int passes = 1)
    {
        var transitions = Transitions(episodes).ToList();
        for (var pass = 0; pass < passes; pass++)
        {
            foreach (var transition in transitions)
                learner.Learn(transition);
        }
    }

    // Rewards 1, 2, 4, and state 0 twice with the same action: at discount 1/2 returns 3, 4, 4.
    static readonly Episode Thrice = new([0, 1, 0], [1, 0, 1], [1, 2, 4], true, null);

    [Theory]
    [InlineData("first", 3.0)]
    [InlineData("every", 3.5)]
    public void MonteCarlo_OfAnEpisodeByHand_AveragesTheVisitsItShould(string visits, double expected)
    {
        var learner = new MonteCarlo(new() { Discount = 0.5, Visits = visits }, ActionSet.All(2, 2));
        Feed(learner, [Thrice]);
        // G_2 = 4, G_1 = 2 + 4/2 = 4, G_0 = 1 + 4/2 = 3.
        Assert.Equal([0, expected, 4, 0], learner.Q.ToArray());
        Feed(learner, [Thrice with { Rewards = [1, 2, 8] }]);
        Assert.Equal(visits == "first" ? 3.5 : (3 + 4 + 4 + 8) / 4.0, learner.Q[1]);
    }

    [Theory]
    [InlineData(true, 3.5)]
    [InlineData(false, 0.0)]
    public void MonteCarlo_OfACutEpisode_CountsItOnRequest(bool use, double expected)
    {
        var learner = new MonteCarlo(new() { Discount = 0.5, UseCutEpisodes = use }, ActionSet.All(2, 2));
        Feed(learner, [Thrice with { Terminated = false, Final = 1 }]);
        Assert.Equal(expected, learner.Q[1]);
    }

    [Theory]
    [InlineData("accumulating", 0.5, -0.25)]
    [InlineData("replacing", 0.5, -0.25)]
    public void TdLambda_OfTwoStepsByHand_ReachesBack(string traces, double rate, double initial)
    {
        var learner = new TemporalDifference(new() { Discount = 0.5, Lambda = 0.5, Traces = traces, LearningRate = rate, LearningRateDecay = 0, InitialValue = initial }, 2, 1);
        Feed(learner, [new([0, 1], [0, 0], [1, 2], true, null)]);
        // delta_0 = 1 - 1/8 + 1/4 = 1.125; V(0) = -1/4 + 1.125/2 = 0.3125.
        // delta_1 = 2 + 1/4 = 2.25; e(0) = 1/4; V(0) += 2.25/8, V(1) += 2.25/2.
        Assert.Equal([0.3125 + 0.28125, 0.875], learner.Values.ToArray());
    }

    [Fact]
    public void Traces_OfAStateSeenTwice_AddUpOrAreReplaced()
    {
        double[] V(string traces)
        {
            var learner = new TemporalDifference(new() { Discount = 1, Lambda = 1, Traces = traces, LearningRate = 0.5, LearningRateDecay = 0 }, 1, 1);
            Feed(learner, [new([0, 0], [0, 0], [0, 1], true, null)]);
            return learner.Values.ToArray();
        }

        Assert.Equal([1.0], V("accumulating"));
        Assert.Equal([0.5], V("replacing"));
    }

    [Fact]
    public void Td_OfTheSameDataAgainAndAgain_FindsTheValuesOfTheMostLikelyModelAndMonteCarloTheMeanReturn()
    {
        var td = new TemporalDifference(new() { Discount = 1, LearningRateDecay = 1 }, 2, 1);
        Feed(td, Predictor, passes: 20_000);
        Assert.Equal([0.75, 0.75], td.Values.ToArray(), (a, b) => Math.Abs(a - b) < 0.01);
        var monteCarlo = new MonteCarlo(new() { Discount = 1 }, ActionSet.All(2, 1));
        Feed(monteCarlo, Predictor);
        Assert.Equal([0, 0.75], monteCarlo.Q.ToArray());
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.8)]
    public void Td_OnAGridUnderTheUniformPolicy_FindsItsExactValues(double lambda)
    {
        var learner = new TemporalDifference(new() { Discount = 1, Lambda = lambda, LearningRate = 0.5, LearningRateDecay = 0.6 }, 16, 4);
        Feed(learner, Roll(Grid, TabularPolicy.Uniform(Grid), 30_000, 10_000, seed: 1));
        var exact = TabularSolver.Evaluate(Grid, TabularPolicy.Uniform(Grid)).States.ToArray();
        Assert.Equal(exact, learner.Values.ToArray(), (a, b) => Math.Abs(a - b) < 1);
        Assert.Equal(-18.2857, exact.Skip(1).Take(14).Average(), 1e-3);
    }

    [Theory]
    [InlineData("monte_carlo")]
    [InlineData("monte_carlo, first")]
    [InlineData("sarsa")]
    public void EvaluatingMethods_OnAGridUnderTheUniformPolicy_FindItsActionValues(string name)
    {
        var set = ActionSet.All(16, 4);
        ITabularLearner learner = name switch
        {
            "sarsa" => new Sarsa(new() { Discount = 1, LearningRateDecay = 0.6 }, set),
            _ => new MonteCarlo(new() { Discount = 1, Visits = name == "monte_carlo" ? "every" : "first" }, set),
        };
        Feed(learner, Roll(Grid, TabularPolicy.Uniform(Grid), 30_000, 10_000, seed: 2), passes: name == "sarsa" ? 4 : 1);
        var exact = TabularSolver.ActionValues(Grid, TabularSolver.Evaluate(Grid, TabularPolicy.Uniform(Grid)).States);
        Assert.Equal(exact, learner.Solution.ActionValues!, (a, b) => Math.Abs(a - b) < 1.5);
        // One step of improvement on the uniform policy is optimal there (Sutton and Barto, figure 4.1).
        Assert.Equal(-2, TabularSolver.EvaluateHorizon(Grid, Greedy(learner), 400).Return, 1e-10);
    }

    [Theory]
    [InlineData(1.0, 1.0, 0.0)]
    [InlineData(0.9, 0.5, 0.0)]
    public void QLearning_OnEveryStepOfAGrid_FindsTheExactActionValues(double discount, double rate, double initial)
    {
        var mdp = Grid.WithDiscount(discount);
        var learner = new QLearning(new() { Discount = discount, LearningRate = rate, LearningRateDecay = 0, InitialValue = initial }, ActionSet.All(16, 4));
        Feed(learner, EveryStep(mdp), passes: 200);
        Assert.Equal(TabularSolver.ActionValues(mdp, TabularSolver.PolicyIteration(mdp).States), learner.Values.Q.ToArray(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void QLearning_OnStochasticIce_ComesNearTheExactActionValues()
    {
        var mdp = TabularTests.Mdp("FrozenLake-v1").WithDiscount(0.9);
        var learner = new QLearning(new() { Discount = 0.9 }, ActionSet.All(16, 4));
        Feed(learner, Roll(mdp, TabularPolicy.Uniform(mdp), 40_000, 100, seed: 3), passes: 2);
        var exact = TabularSolver.ActionValues(mdp, TabularSolver.PolicyIteration(mdp).States);
        var worst = Enumerable.Range(0, 64).Where(i => exact[i] > 0).Max(i => Math.Abs(exact[i] - learner.Values.Q[i]));
        Assert.InRange(worst, 0, 0.1);
    }

    [Fact]
    public void ExpectedSarsa_OnEveryStepOfAGrid_FindsTheValuesOfTheSoftPolicy()
    {
        const double Epsilon = 0.2;
        var mdp = Grid.WithDiscount(0.9);
        var learner = new ExpectedSarsa(new() { Discount = 0.9, Epsilon = Epsilon, LearningRateDecay = 0 }, ActionSet.All(16, 4));
        Feed(learner, EveryStep(mdp), passes: 300);
        // A fixed point of its own: it values the policy that is epsilon-greedy in it.
        var exact = TabularSolver.Evaluate(mdp, Greedy(learner).Soften(mdp, Epsilon)).States;
        for (var s = 1; s < 15; s++)
            Assert.Equal(exact[s], learner.Value(s), 1e-10);
        Assert.True(learner.Value(3) < -2.8, "the exploration costs nothing");
    }

    [Fact]
    public void ExpectedSarsa_WithoutExploration_IsQLearning()
    {
        var (q, sarsa) = (new QLearning(new(), ActionSet.All(16, 4)), new ExpectedSarsa(new() { Epsilon = 0 }, ActionSet.All(16, 4)));
        var episodes = Roll(TabularTests.Mdp("FrozenLake-v1"), TabularPolicy.Uniform(Grid), 300, 50, seed: 4).ToList();
        Feed(q, episodes);
        Feed(sarsa, episodes);
        Assert.Equal(q.Values.Q.ToArray(), sarsa.Values.Q.ToArray());
        Assert.Contains(q.Values.Q.ToArray(), value => value > 0);
    }

    [Fact]
    public void Learners_OfStepsThatAreCut_BootstrapWhereTheyKnowWhatFollows()
    {
        var step = new Episode([0], [0], [1], Terminated: false, Final: 1);
        var (q, sarsa) = (new QLearning(new() { Discount = 0.5, InitialValue = 4 }, ActionSet.All(2, 1)), new Sarsa(new() { Discount = 0.5, InitialValue = 4 }, ActionSet.All(2, 1)));
        foreach (var learner in new ITabularLearner[] { q, sarsa })
        {
            Feed(learner, [step with { Final = null }]);
            Assert.Equal(4, learner.Value(0));
            Feed(learner, [step]);
        }

        // r + V(s')/2 for the one; the other knows no next action.
        Assert.Equal(3, q.Value(0));
        Assert.Equal(4, sarsa.Value(0));
        Feed(q, [step with { Terminated = true }]);
        Assert.True(q.Value(0) < 3);
    }

    [Fact]
    public void Learners_OfForbiddenActions_NeverTakeThemForTheBest()
    {
        var set = ActionSet.Of(2, [true, false, true, true]);
        var learner = new QLearning(new() { Discount = 1, InitialValue = 5 }, set);
        Feed(learner, [new([1], [0], [0], false, 0), new([0], [0], [1], true, null), new([1], [0], [0], false, 0)]);
        Assert.Equal(0, set.Best(learner.Values.Q, 0));
        Assert.Equal([1, double.NaN], learner.Solution.Scores[..2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => learner.Learn(new() { State = 2, Action = 0, Reward = 0, NextState = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => learner.Learn(new() { State = 0, Action = 2, Reward = 0, NextState = 0 }));
    }

    static TabularPolicy Greedy(ITabularLearner learner)
    {
        var set = ActionSet.All(16, 4);
        return TabularPolicy.Deterministic("greedy", Grid, [.. Enumerable.Range(0, 16).Select(s => set.Best(learner.Solution.ActionValues, s))]);
    }
}
