using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class OffPolicyTargetsTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("off_policy.json", "targets");
    readonly Tensor _ratios, _rewards, _discounts, _continues, _values, _nextValues;

    public OffPolicyTargetsTests()
    {
        (_ratios, _rewards, _discounts) = (_golden.Floats("ratios"), _golden.Floats("rewards"), _golden.Floats("discounts"));
        (_continues, _values, _nextValues) = (_golden.Floats("continues"), _golden.Floats("values"), _golden.Floats("next_values"));
    }

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Vtrace_ByHand()
    {
        // Two steps, then the end: errors are 1 + 0.5 * 4 - 2 = 1 and 3 - 4 = -1; rho 1 and 0.5, c 1 (of 2) and 0.5.
        var (targets, advantages) = OffPolicyTargets.Vtrace(
            tensor(new[] { 2f, 0.5f }), tensor(new[] { 1f, 3 }), tensor(new[] { 0.5f, 0 }), tensor(new[] { 1f, 0 }), tensor(new[] { 2f, 4 }), tensor(new[] { 4f, 9 }));
        // 4 - 0.5 = 3.5; 2 + 1 + 0.5 * 1 * (3.5 - 4) = 2.75. Advantages: 1 + 0.5 * 3.5 - 2; 0.5 (3 - 4).
        AssertClose(tensor(new[] { 2.75f, 3.5f }), targets);
        AssertClose(tensor(new[] { 0.75f, -0.5f }), advantages);
    }

    [Fact]
    public void Retrace_ByHand()
    {
        // As above with the second step's own ratio as trace: 2 + 1 + 0.5 * 0.5 * (3 - 4).
        var target = OffPolicyTargets.Retrace(
            tensor(new[] { 2f, 0.5f }), tensor(new[] { 1f, 3 }), tensor(new[] { 0.5f, 0 }), tensor(new[] { 1f, 0 }), tensor(new[] { 2f, 4 }), tensor(new[] { 4f, 9 }));
        AssertClose(tensor(new[] { 2.75f, 3 }), target);
    }

    [Fact]
    public void Targets_EqualTheGoldenNumbers()
    {
        var (rhoLimit, cLimit, lambda) = (_golden.Number("rho_limit"), _golden.Number("c_limit"), _golden.Number("lambda"));
        var (targets, advantages) = Vtrace(_ratios, rhoLimit, cLimit, lambda);
        AssertClose(_golden.Floats("vtrace"), targets, 5e-6);
        AssertClose(_golden.Floats("vtrace_advantages"), advantages, 5e-6);
        AssertClose(_golden.Floats("retrace"), Retrace(_ratios, lambda), 5e-6);
        AssertClose(_golden.Floats("n_step"), NStep(_ratios, 3), 1e-5);
        AssertClose(_golden.Floats("to_go"), Returns.ToGo(_rewards, _discounts, _continues, _nextValues), 5e-6);
        AssertClose(_golden.Floats("advantages"), Returns.Advantages(_rewards, _discounts, _continues, _values, _nextValues, lambda), 5e-6);
    }

    [Fact]
    public void Targets_WithOtherLimitsOrTraces_DifferFromTheGoldenNumbers()
    {
        var (rhoLimit, cLimit, lambda) = (_golden.Number("rho_limit"), _golden.Number("c_limit"), _golden.Number("lambda"));
        var vtrace = _golden.Floats("vtrace");
        Assert.True(Distance(vtrace, Vtrace(_ratios, cLimit, rhoLimit, lambda).Targets) > 1e-2);
        Assert.True(Distance(vtrace, Vtrace(_ratios, rhoLimit, cLimit, 1).Targets) > 1e-2);
        // Traces of the step itself instead of the one after it.
        var shifted = _values.add(Recurrences.Backward(Returns.Errors(_rewards, _discounts, _values, _nextValues), _discounts.mul(_continues).mul(_ratios.clamp_max(1)).mul(lambda)));
        Assert.True(Distance(_golden.Floats("retrace"), shifted) > 1e-2);
        // Episodes that run into one another.
        var joined = Returns.ToGo(_rewards, _discounts, ones_like(_continues), _nextValues);
        Assert.True(Distance(_golden.Floats("to_go"), joined) > 1e-2);
    }

    [Fact]
    public void Vtrace_WithoutLimits_EqualsTheNStepImportanceSampledTarget()
    {
        var free = Vtrace(_ratios, double.PositiveInfinity, double.PositiveInfinity, 1).Targets;
        AssertClose(_golden.Floats("vtrace_free"), free, 2e-4);
        AssertClose(NStep(_ratios, 7), free, 2e-4);
        AssertClose(_golden.Floats("n_step_whole"), free, 2e-4);
        Assert.True(Distance(NStep(_ratios, 2), free) > 1e-2);
    }

    [Fact]
    public void Targets_WithUnitRatios_AreTheOnPolicyOnes()
    {
        var ones = ones_like(_ratios);
        var lambdaReturns = _values.add(Returns.Advantages(_rewards, _discounts, _continues, _values, _nextValues, 0.875));
        AssertClose(lambdaReturns, Vtrace(ones, 1, 1, 0.875).Targets, 5e-6);
        AssertClose(lambdaReturns, Retrace(ones, 0.875), 5e-6);
        AssertClose(Returns.ToGo(_rewards, _discounts, _continues, _nextValues), Vtrace(ones, 1, 1, 1).Targets, 5e-6);
        AssertClose(Returns.ToGo(_rewards, _discounts, _continues, _nextValues), NStep(ones, 7), 5e-6);
        AssertClose(ImportanceGradients.PerAction(ones, Returns.ToGo(_rewards, _discounts, _continues, _nextValues), _values),
            ImportanceGradients.PerReward(ones, _rewards, _discounts, _continues, _nextValues, _values), 5e-6);
    }

    [Fact]
    public void Targets_WithoutTraces_LookOneStepAhead()
    {
        AssertClose(_rewards.addcmul(_discounts, _nextValues, 1), Retrace(_ratios, 0));
        AssertClose(_values.addcmul(_ratios, Returns.Errors(_rewards, _discounts, _values, _nextValues), 1), Vtrace(_ratios, double.PositiveInfinity, 1, 0).Targets);
        AssertClose(NStep(_ratios, 1), Vtrace(_ratios, double.PositiveInfinity, 1, 0).Targets);
        AssertClose(Returns.Errors(_rewards, _discounts, _values, _nextValues), Returns.Advantages(_rewards, _discounts, _continues, _values, _nextValues, 0));
    }

    [Fact]
    public void Arguments_OutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Vtrace(_ratios, 0, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vtrace(_ratios, 1, 1, 1.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => NStep(_ratios, 0));
        Assert.Throws<ArgumentException>(() => Retrace(_ratios.unsqueeze(-1), 1));
    }

    OffPolicyTargets.VtraceResult Vtrace(Tensor ratios, double rhoLimit, double cLimit, double lambda) =>
        OffPolicyTargets.Vtrace(ratios, _rewards, _discounts, _continues, _values, _nextValues, rhoLimit, cLimit, lambda);

    Tensor Retrace(Tensor ratios, double lambda) => OffPolicyTargets.Retrace(ratios, _rewards, _discounts, _continues, _values, _nextValues, 1, lambda);

    Tensor NStep(Tensor ratios, int steps) => OffPolicyTargets.NStep(ratios, _rewards, _discounts, _continues, _values, _nextValues, steps);
}
