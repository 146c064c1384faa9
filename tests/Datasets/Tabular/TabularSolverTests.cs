using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class TabularSolverTests
{
    [Fact]
    public void Evaluate_OfAHandSolvedMdp_GivesTheFractions()
    {
        var mdp = Mdps.Pair(0.5);
        // Uniform: V0 = 1/2 (1 + V0/2) + 1/2 (V1/2); V1 = 1/2 (1 + V0/4 + V1/4) + 1/2 (3/2 + V1/2).
        // 3/4 V0 - 1/4 V1 = 1/2 and -1/8 V0 + 5/8 V1 = 5/4: V0 = 10/7, V1 = 16/7.
        var values = TabularSolver.Evaluate(mdp, TabularPolicy.Uniform(mdp));
        Assert.Equal(10.0 / 7, values.States[0], 1e-14);
        Assert.Equal(16.0 / 7, values.States[1], 1e-14);
        Assert.Equal(10.0 / 7, values.Return, 1e-14);
        Assert.Equal("lu", values.Method);
        Assert.InRange(values.ErrorBound, 0, 1e-14);
        // Q(1, 0) = 1 + 1/2 (1/2 V0 + 1/2 V1) = 1 + 13/14.
        Assert.Equal([1 + (5.0 / 7), 8.0 / 7, 27.0 / 14, 1.5 + (8.0 / 7)], TabularSolver.ActionValues(mdp, values.States).Select(q => Math.Round(q, 14)), Near);
    }

    [Fact]
    public void Optima_OfAHandSolvedMdp_AreTheOnesByHand()
    {
        // Staying in 0 is worth 1 a step, staying in 1 is worth 1.5; going over costs one step of 1.
        // At 0.5: stay in 0: 2; go over: 0.5 * 3 = 1.5. At 0.9: 10 against 0.9 * 15 = 13.5.
        var low = TabularSolver.PolicyIteration(Mdps.Pair(0.5));
        Assert.Equal([0, 1], low.Actions.ToArray());
        Assert.Equal([2, 3], low.States.ToArray(), Near);
        var high = TabularSolver.PolicyIteration(Mdps.Pair(0.9));
        Assert.Equal([1, 1], high.Actions.ToArray());
        Assert.Equal([13.5, 15], high.States.ToArray(), Near);
        Assert.Equal([13.5, 15], TabularSolver.ValueIteration(Mdps.Pair(0.9), 1e-13).States.ToArray(), (a, b) => Math.Abs(a - b) < 1e-11);
    }

    [Fact]
    public void Horizons_OfAHandSolvedMdp_AreSums()
    {
        var mdp = Mdps.Pair(1);
        // In three steps: stay in 0 three times: 3; or go over and stay: 0 + 1.5 + 1.5 = 3: a tie, and 0 is the lower action.
        // In four: 4 against 4.5. From 1: 4 * 1.5.
        var three = TabularSolver.OptimalHorizon(mdp, 3, keepActions: true);
        Assert.Equal(3, three.Return, 1e-14);
        Assert.Equal(0, three.ActionsAt(0)[0]);
        var four = TabularSolver.OptimalHorizon(mdp, 4, keepActions: true);
        Assert.Equal([4.5, 6], four.States.ToArray(), Near);
        Assert.Equal([1, 1], four.ActionsAt(0).ToArray());
        Assert.Equal(0, four.ActionsAt(2)[0]);
        Assert.Throws<InvalidOperationException>(() => TabularSolver.OptimalHorizon(mdp, 3).ActionsAt(0)[0]);
        // Always action 0: 1 a step, and from 1 the mean of 0 and 2 in the first.
        var always = TabularPolicy.Deterministic("zero", mdp, [0, 0]);
        Assert.Equal([4, 4], TabularSolver.EvaluateHorizon(mdp, always, 4).States.ToArray(), Near);
        Assert.Equal(0, TabularSolver.EvaluateHorizon(mdp, always, 0).Return);
        Assert.Equal(4, TabularSolver.ExpectedStepsHorizon(mdp, always, 4));
    }

    [Theory]
    [InlineData("seq_fixed_mdp.json", 8, 3.2619096539518164, 2.797381403278269)]
    [InlineData("seq_episodic_mdp.json", 0, 0.705026, double.NaN)]
    public void Evaluate_OfTheSequentialReferences_GivesTheirExactValues(string file, int horizon, double evaluated, double behavior)
    {
        var (mdp, piB, piE) = Mdps.Sequential(file);
        if (horizon == 0)
        {
            Assert.Equal(evaluated, TabularSolver.Evaluate(mdp, piE).Return, 5e-7);
            // The chain ends so surely that 2,000 steps are for ever.
            Assert.Equal(TabularSolver.Evaluate(mdp, piE).Return, TabularSolver.EvaluateHorizon(mdp, piE, 2000).Return, 1e-12);
            return;
        }

        Assert.Equal(evaluated, TabularSolver.EvaluateHorizon(mdp, piE, horizon).Return, 1e-13);
        Assert.Equal(behavior, TabularSolver.EvaluateHorizon(mdp, piB, horizon).Return, 1e-13);
        Assert.Equal(10.711946286347318, TabularSolver.Evaluate(mdp, piE).Return, 1e-12);
    }

    [Theory]
    [InlineData(1, 0.9, 0.0, false)]
    [InlineData(2, 0.9, 0.0, true)]
    [InlineData(3, 1.0, 0.2, false)]
    [InlineData(4, 1.0, 0.1, true)]
    [InlineData(5, 0.5, 0.05, true)]
    public void Optima_OfRandomMdps_AreThoseOfTryingEveryPolicy(int seed, double discount, double ends, bool mask)
    {
        var mdp = Mdps.Random(5, 3, 3, discount, (ulong)seed, ends, mask);
        var all = Mdps.AllPolicies(mdp).ToList();
        Assert.True(all.Count >= 100, $"only {all.Count} policies were tried");
        var (best, value) = all.MaxBy(p => p.Return);
        var exact = TabularSolver.PolicyIteration(mdp);
        Assert.Equal(value, exact.Return, 1e-10);
        Assert.Equal(best, exact.Actions.ToArray());
        Assert.InRange(exact.Residual, 0, 1e-10);
        var swept = TabularSolver.ValueIteration(mdp, 1e-12);
        Assert.Equal(value, swept.Return, 1e-9);
        Assert.Equal(best, swept.Actions.ToArray());
        foreach (var (actions, tried) in all.Take(20))
            Assert.Equal(tried, TabularSolver.Evaluate(mdp, TabularPolicy.Deterministic("tried", mdp, actions)).Return, 1e-9);
        Assert.True(all.Min(p => p.Return) < value - 0.1, "all policies are worth the same: the test says nothing");
    }

    [Theory]
    [InlineData(0.95, 0.0)]
    [InlineData(1.0, 0.1)]
    public void Occupancy_TimesRewards_IsTheReturn(double discount, double ends)
    {
        var mdp = Mdps.Random(40, 4, 5, discount, 7, ends, mask: true);
        var policy = TabularPolicy.Uniform(mdp);
        var occupancy = TabularSolver.Occupancy(mdp, policy);
        var sum = Enumerable.Range(0, occupancy.Length).Sum(i => occupancy[i] == 0 ? 0 : occupancy[i] * mdp.ExpectedReward(i / 4, i % 4));
        Assert.Equal(TabularSolver.Evaluate(mdp, policy).Return, sum, 1e-10);
        Assert.Equal(discount < 1 ? 1 / (1 - discount) : TabularSolver.ExpectedSteps(mdp, policy), occupancy.Sum(), 1e-8);
        var within = TabularSolver.OccupancyHorizon(mdp, policy, 10);
        Assert.Equal(
            TabularSolver.EvaluateHorizon(mdp, policy, 10).Return,
            Enumerable.Range(0, within.Length).Sum(i => within[i] == 0 ? 0 : within[i] * mdp.ExpectedReward(i / 4, i % 4)),
            1e-12);
    }

    [Theory]
    [InlineData(0.99, 0.0)]
    [InlineData(1.0, 0.01)]
    public void Evaluate_OfManyStates_UsesASparseMethodAndSatisfiesBellman(double discount, double ends)
    {
        var mdp = Mdps.Random(3000, 2, 4, discount, 11, ends);
        var policy = TabularPolicy.Uniform(mdp);
        var values = TabularSolver.Evaluate(mdp, policy);
        Assert.NotEqual("lu", values.Method);
        Assert.InRange(values.ErrorBound, 0, 1e-6);
        // A horizon so long that what follows is nothing: 0.99^4000 and 0.99^4000.
        Assert.Equal(TabularSolver.EvaluateHorizon(mdp, policy, 4000).Return, values.Return, 1e-8);
        var occupancy = TabularSolver.Occupancy(mdp, policy);
        Assert.Equal(values.Return, Enumerable.Range(0, occupancy.Length).Sum(i => occupancy[i] * mdp.ExpectedReward(i / 2, i % 2)), 1e-7);
    }

    [Fact]
    public void Evaluate_OfALongCorridor_IsExactWhereSweepsAreSlow()
    {
        // 0.5 left, 0.5 right, reflecting at 0, ending at n: the expected steps from 0 are n(n + 1).
        const int N = 2050;
        var builder = new TabularMdpBuilder(N, 1, "corridor");
        for (var s = 0; s < N; s++)
            builder.Add(s, 0, Math.Max(0, s - 1), 0.5, 1).Add(s, 0, Math.Min(N - 1, s + 1), 0.5, 1, ends: s == N - 1);
        var mdp = builder.SetStart(0, 1).Build();
        var values = TabularSolver.Evaluate(mdp, TabularPolicy.Uniform(mdp));
        Assert.NotEqual("lu", values.Method);
        Assert.Equal(1, values.Return / ((double)N * (N + 1)), 1e-6);
    }

    // 0 -> 1 -> 2 -> 1 ..., with 3 beside it.
    static TabularMdp Loop(double loopReward, double startAt3 = 0) => new TabularMdpBuilder(4, 1, "loop")
        .Add(0, 0, 1, 0.5, 1).Add(0, 0, 3, 0.5, 1)
        .Add(1, 0, 2, 1, loopReward)
        .Add(2, 0, 1, 1, loopReward)
        .Add(3, 0, 3, 1, 5, ends: true)
        .SetStart(0, 1 - startAt3).SetStart(3, startAt3)
        .Build();

    [Fact]
    public void Evaluate_WithoutDiscount_CountsAClosedClassThatEarnsNothingAsZero()
    {
        var mdp = Loop(0);
        var policy = TabularPolicy.Uniform(mdp);
        Assert.Equal([3.5, 0, 0, 5], TabularSolver.Evaluate(mdp, policy).States.ToArray(), Near);
        Assert.Equal(double.PositiveInfinity, TabularSolver.ExpectedSteps(mdp, policy));
        Assert.Equal([1, double.PositiveInfinity, double.PositiveInfinity, 0.5], TabularSolver.Occupancy(mdp, policy), Near);
    }

    [Theory]
    [InlineData(1.0, double.PositiveInfinity)]
    [InlineData(-1.0, double.NegativeInfinity)]
    public void Evaluate_WithoutDiscount_RefusesRewardsForEver(double reward, double expected)
    {
        var mdp = Loop(reward);
        var error = Assert.Throws<UserErrorException>(() => TabularSolver.Evaluate(mdp, TabularPolicy.Uniform(mdp)));
        Assert.Contains("loop: with discount 1 the value of state 0 is not finite", error.Message, StringComparison.Ordinal);
        Assert.Contains("step limit", error.Message, StringComparison.Ordinal);
        // Where no episode comes there, the others have their values.
        var aside = Loop(reward, startAt3: 1);
        var values = TabularSolver.Evaluate(aside, TabularPolicy.Uniform(aside));
        Assert.Equal(5, values.Return);
        Assert.Equal([expected, expected, expected, 5], values.States.ToArray());
        Assert.InRange(TabularSolver.Evaluate(mdp.WithDiscount(0.9), TabularPolicy.Uniform(mdp)).Return / reward, -20, 20);
        Assert.Equal(1 + (0.5 * 5) + (0.5 * reward * 9), TabularSolver.EvaluateHorizon(mdp, TabularPolicy.Uniform(mdp), 10).Return, 1e-12);
    }

    [Fact]
    public void PolicyIteration_WithoutDiscount_DoesNotLoopAmongEquals()
    {
        // A row of five; left, right; 1 for leaving on the right. Every state is worth 1, so both actions are greedy everywhere.
        var builder = new TabularMdpBuilder(5, 2, "row");
        for (var s = 0; s < 5; s++)
            builder.Add(s, 0, Math.Max(0, s - 1), 1, 0).Add(s, 1, Math.Min(4, s + 1), 1, s == 4 ? 1 : 0, ends: s == 4);
        var mdp = builder.SetStart(0, 1).Build();
        foreach (var optimum in new[] { TabularSolver.PolicyIteration(mdp), TabularSolver.ValueIteration(mdp) })
        {
            Assert.Equal([1, 1, 1, 1, 1], optimum.Actions.ToArray());
            Assert.Equal(1, TabularSolver.Evaluate(mdp, optimum.Policy).Return, 1e-12);
            Assert.Equal(5, TabularSolver.ExpectedSteps(mdp, optimum.Policy), 1e-12);
        }

        // The plain greedy choice would have stayed for ever.
        Assert.Equal(0, TabularSolver.Evaluate(mdp, TabularPolicy.Deterministic("greedy", mdp, [0, 0, 0, 0, 0])).Return);
    }

    [Fact]
    public void PolicyIteration_WhereResting_IsBest_Rests()
    {
        // Costs on the way out, none for staying: the best is to stay.
        var mdp = new TabularMdpBuilder(2, 2, "rest")
            .Add(0, 0, 1, 1, -1).Add(0, 1, 0, 1, 0)
            .Add(1, 0, 1, 1, -1, ends: true).Add(1, 1, 0, 1, -5)
            .SetStart(0, 1).Build();
        var optimum = TabularSolver.PolicyIteration(mdp);
        Assert.Equal([1, 0], optimum.Actions.ToArray());
        Assert.Equal([0, -1], optimum.States.ToArray(), Near);
    }

    [Fact]
    public void Evaluate_OfAPolicyForAnotherMdp_IsRefused()
    {
        var policy = TabularPolicy.Uniform(Mdps.Random(3, 2, 2, 0.9, 1));
        Assert.Contains("2 states times 2 actions", Assert.Throws<UserErrorException>(() => TabularSolver.Evaluate(Mdps.Pair(0.9), policy)).Message, StringComparison.Ordinal);
    }

    static bool Near(double a, double b) => a.Equals(b) || Math.Abs(a - b) < 1e-12;
}
