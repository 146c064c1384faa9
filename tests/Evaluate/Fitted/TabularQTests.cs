using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Fitted Q evaluation in a table: literals, stored numbers and identities.</summary>
public class TabularQTests
{
    static readonly RandomStream Random = RandomStream.Create(0, "tabular-q");

    [Fact]
    public void Stationary_OnReferenceTrajectories_EqualsTheStoredTable()
    {
        var section = ReferenceLog.Section("fixed_horizon");
        var log = ReferenceLog.Read("fixed", 5, 3, 0.95, finite: false).Fit;
        var expected = ReferenceLog.Array(section.GetProperty("qhat_stationary_fqe_bootstrapping_on_truncation"));
        Equal(expected, TabularQ.Stationary(log, All(log)), 1e-8);

        var episodic = ReferenceLog.Read("episodic", 6, 2, 0.97, finite: false).Fit;
        // State 5 is terminal: no step leaves it, and its row of the table says nothing.
        Equal(ReferenceLog.Array(ReferenceLog.Section("episodic").GetProperty("qhat_fqe_tabular"))[..10], TabularQ.Stationary(episodic, All(episodic))[..10], 1e-8);
    }

    [Fact]
    public void TakingACutForAnEnd_IsAnotherTable_WhichNoHorizonGives()
    {
        var section = ReferenceLog.Section("fixed_horizon");
        var log = ReferenceLog.Read("fixed", 5, 3, 0.95, finite: false).Fit;
        var trap = ReferenceLog.Array(section.GetProperty("qhat_stationary_fqe_treating_last_step_as_terminal"));
        var ended = log with { Terminated = log.Terminated.Select(_ => true).ToArray() };
        Equal(trap, TabularQ.Stationary(ended, All(log)), 1e-8);
        Assert.All(trap.Zip(TabularQ.Stationary(log, All(log))), pair => Assert.True(pair.Second > pair.First + 3));
    }

    [Fact]
    public void Backward_OnReferenceTrajectories_ApproachesTheTrueTablesOfEachStep()
    {
        var section = ReferenceLog.Section("fixed_horizon");
        var truth = ReferenceLog.Array(section.GetProperty("true_time_dependent_Q"));
        var (log, episodes) = ReferenceLog.Read("fixed", 5, 3, 0.95, finite: true);
        var values = Fit(log);
        var errors = Enumerable.Range(0, log.Steps).Select(row => values.ActionValues[row] - truth[(row % 8 * 15) + (log.States![row] * 3) + log.Actions![row]]).ToArray();
        // 200 episodes, 15 pairs: some 13 rewards of deviation 0.5 behind each number.
        Assert.InRange(errors.Average(), -0.1, 0.1);
        Assert.InRange(Math.Sqrt(errors.Average(e => e * e)), 0.01, 0.6);
        var start = DoublyRobustEstimators.DirectMethod(episodes, values).Value;
        Assert.InRange(start, 3.2619 - 0.4, 3.2619 + 0.4);
    }

    [Fact]
    public void Stationary_OnTwoStepsByHand_GivesTheNumbers()
    {
        // 0 -a0-> 1 (reward 1), 1 -a0-> end (2); 0 -a1-> end (4); 1 -a1-> 1, cut with a known next observation (0).
        var log = Log([0, 2, 3, 4], states: [0, 1, 0, 1, 1, 1, 1], actions: [0, 0, 1, 1], rewards: [1, 2, 4, 0], terminated: [true, true, false], policy: [0.5, 0.5], discount: 0.5);
        // v1 = (2 + 0.5 v1) / 2 -> 4 / 3; q(1, a1) = 2 / 3; q(0, a0) = 1 + 2 / 3.
        Equal([5.0 / 3, 4, 2, 2.0 / 3], TabularQ.Stationary(log, All(log)), 1e-12);
        // Nobody knows what came after the cut: the step of action 1 in state 1 says nothing, and the action has the state's value.
        var unknown = log with { FinalKnown = [true, true, false] };
        Equal([1 + 1, 4, 2, 2], TabularQ.Stationary(unknown, All(log)), 1e-12);
    }

    [Fact]
    public void Backward_OnTwoStepsByHand_EndsAtTheCut()
    {
        var log = Log([0, 2, 4], states: [0, 1, 0, 1, 1, 1], actions: [0, 1, 0, 0], rewards: [1, 2, 3, 6], terminated: [false, false], policy: [0.25, 0.75], discount: 0.5) with { IsFinite = true };
        var values = Fit(log);
        // Step 1: q(1, .) = [6, 2], v = 3; step 0: q(0, a0) = (1 + 3) / 2 + 0.5 x 3, and action 1, never seen there, has that value too.
        Equal([3.5, 2, 3.5, 6], values.ActionValues, 1e-12);
        Equal([3.5, 3, 3.5, 3], values.StateValues, 1e-12);
    }

    [Fact]
    public void Stationary_OfTheLogsOwnPolicy_InADeterministicProcess_IsTheMonteCarloReturn()
    {
        // A corridor of 5 with one action: each state's value is the discounted rest of its reward.
        var builder = new TabularMdpBuilder(6, 1, "corridor") { Discount = 0.9 };
        for (var s = 0; s < 5; s++)
            builder.Add(s, 0, s + 1, 1, s + 1, ends: s == 4);
        var mdp = builder.SetStart(0, 1).Build();
        double[] policy = [1, 1, 1, 1, 1, 1];
        var (log, episodes) = SampledLog.Of(mdp, policy, policy, 3, Random);
        Assert.Equal(episodes.Return(0, 0.9), DoublyRobustEstimators.DirectMethod(episodes, Fit(log)).Value, 1e-12);
        Assert.Equal(episodes.Return(0, 0.9), DoublyRobustEstimators.DirectMethod(episodes, Fit(log with { IsFinite = true })).Value, 1e-12);
    }

    [Fact]
    public void SingleDecisions_AreMeansOfRewards()
    {
        var log = Log([0, 1, 2, 3], states: [0, 0, 1, 0, 0, 0], actions: [0, 0, 1], rewards: [1, 3, 5], terminated: [true, true, true], policy: [0.5, 0.5], discount: 1);
        Equal([2, 2, 5], Fit(log).ActionValues, 1e-12);
        Equal([2, 2, 5], Fit(log with { IsFinite = true }).StateValues, 1e-12);
    }

    [Fact]
    public void Stationary_AtDiscountOne_WhereThePolicyGoesAround_SaysSo()
    {
        // The log always left state 0 at last by action 1, which the policy never takes.
        var log = Log([0, 2], states: [0, 0, 0], actions: [0, 1], rewards: [1, 1], terminated: [true], policy: [1, 0], discount: 1);
        var error = Assert.Throws<UserErrorException>(() => TabularQ.Stationary(log, All(log)));
        Assert.Contains("without ever ending", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stationary_OfStepsThatNobodyKnowsTheNextOf_SaysSo()
    {
        var log = Log([0, 1], states: [0, 0], actions: [0], rewards: [1], terminated: [false], policy: [1, 0], discount: 0.5) with { FinalKnown = [false] };
        Assert.Contains("next observation", Assert.Throws<UserErrorException>(() => TabularQ.Stationary(log, All(log))).Message, StringComparison.Ordinal);
    }

    internal static FitLog Log(int[] firstRow, int[] states, int[] actions, double[] rewards, bool[] terminated, double[] policy, double discount) => new()
    {
        FirstRow = firstRow,
        Rewards = rewards,
        Terminated = terminated,
        FinalKnown = terminated.Select(_ => true).ToArray(),
        EpisodeHash = terminated.Select((_, e) => EpisodeFold.Hash(FormattableString.Invariant($"{e}"))).ToArray(),
        Discount = discount,
        IsFinite = false,
        StateCount = states.Max() + 1,
        States = states,
        ActionCount = policy.Length,
        Actions = actions,
        Probabilities = states.SelectMany(_ => policy).ToArray(),
    };

    internal static int[] All(FitLog log) => Enumerable.Range(0, log.Episodes).ToArray();

    internal static void Equal(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"[{i}]: {actual[i]:R}; expected {expected[i]:R}");
    }

    static ValueColumns Fit(FitLog log) => CrossFitting.Fit(new TabularQ(), log, 1, Random, CancellationToken.None);
}
