using OfflineRL.Train.Losses;
using TorchSharp;
using static OfflineRL.Tests.Train.Losses.Golden;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Losses;

public sealed class ImportanceWeightsTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly Golden _golden = new("off_policy.json", "weights");
    readonly Tensor _logs, _steps, _last;
    readonly int _longest;

    public ImportanceWeightsTests()
    {
        (_steps, _last, _longest) = (_golden.Longs("steps"), _golden.Longs("last"), (int)_golden.Number("longest"));
        _logs = _golden.Floats("ratios").to(ScalarType.Float64).log();
    }

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Weights_EqualTheGoldenNumbers()
    {
        var perDecision = ImportanceWeights.PerDecision(_logs, _steps);
        AssertRelative(_golden.Floats("per_decision"), perDecision);
        AssertRelative(_golden.Floats("trajectory"), ImportanceWeights.Trajectory(perDecision, _last));
        AssertRelative(_golden.Floats("normalized"), ImportanceWeights.Normalized(ImportanceWeights.Trajectory(perDecision, _last)));
        AssertRelative(_golden.Floats("normalized_per_decision"), ImportanceWeights.NormalizedPerDecision(perDecision, _steps, _last, _longest));
        Assert.Equal(_golden.Number("effective"), ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Trajectory(perDecision, _last)).ToDouble(), 1e-6);
        Assert.Equal(_golden.Number("kl"), ImportanceWeights.KlFromBehavior(_logs).ToDouble(), 1e-9);
    }

    [Fact]
    public void NormalizedPerDecision_ByTable_EqualsThePassOverRows()
    {
        var perDecision = ImportanceWeights.PerDecision(_logs, _steps);
        var dense = perDecision.sub(ImportanceWeights.StepSumsDense(perDecision, _steps, _last, _longest).index_select(0, _steps)).add(Math.Log(5));
        AssertClose(ImportanceWeights.NormalizedPerDecision(perDecision, _steps, _last, _longest), dense, 1e-12);
        // Without the ended episodes step 6 would have one episode alone, whose weight were 5.
        Assert.True(ImportanceWeights.Of(dense).data<float>().ToArray()[11] < 4.9f);
    }

    [Fact]
    public void NormalizedWeights_SumToTheEpisodesAtEveryStep()
    {
        var perDecision = ImportanceWeights.PerDecision(_logs, _steps);
        var normalized = ImportanceWeights.NormalizedPerDecision(perDecision, _steps, _last, _longest);
        Assert.Equal(5, ImportanceWeights.Normalized(ImportanceWeights.Trajectory(perDecision, _last)).exp().sum().ToDouble(), 1e-9);
        // At the first step, where all are alive, and at the third, where two have ended.
        Assert.Equal(5, normalized.exp().mul(_steps.eq(0).to(ScalarType.Float64)).sum().ToDouble(), 1e-9);
        Assert.True(normalized.exp().mul(_steps.eq(2).to(ScalarType.Float64)).sum().ToDouble() < 4.99);
    }

    [Fact]
    public void Products_OfThousandsOfSteps_StayNumbers()
    {
        // Two episodes of 3,000 steps with ratios of 1e-3 and 1e3: 10^-9000 and 10^9000.
        var steps = cat([arange(3000, dtype: ScalarType.Int64), arange(3000, dtype: ScalarType.Int64)]);
        var logs = cat([full(3000, Math.Log(1e-3), ScalarType.Float64), full(3000, Math.Log(1e3), ScalarType.Float64)]);
        var last = tensor(new[] { 2999L, 5999 });
        var perDecision = ImportanceWeights.PerDecision(logs, steps);
        var normalized = ImportanceWeights.Of(ImportanceWeights.NormalizedPerDecision(perDecision, steps, last, 3000)).data<float>().ToArray();
        Assert.Equal([0f, 2f], [normalized[2999], normalized[5999]]);
        Assert.True(float.IsFinite(ImportanceWeights.Of(perDecision).max().ToSingle()));
        Assert.Equal(1, ImportanceWeights.EffectiveSampleSize(ImportanceWeights.Trajectory(perDecision, last)).ToDouble(), 1e-12);
    }

    [Fact]
    public void Ratios_WithoutSupport_AreZeroAndSpoilNoOtherEpisode()
    {
        var logs = ImportanceWeights.LogRatios(tensor(new[] { float.NegativeInfinity, -1 }), tensor(new[] { -1f, -1 }));
        Assert.Equal([0f, 1f], ImportanceWeights.Of(ImportanceWeights.PerDecision(logs, zeros(2, dtype: ScalarType.Int64))).data<float>().ToArray());
    }

    [Fact]
    public void Limits_BindWhereTheyShould()
    {
        var logs = tensor(new[] { 0.5, 1, 2, 4 }).log();
        Assert.Equal([0.5f, 1, 2, 2], ImportanceWeights.Of(ImportanceWeights.Limited(logs, 2)).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(0.25, ImportanceWeights.ShareAbove(logs, 2).ToDouble());
        Assert.Same(logs, ImportanceWeights.Limited(logs, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImportanceWeights.Limited(logs, 0));
    }

    [Fact]
    public void Diagnostics_WhereThePoliciesAreOne_SaySo()
    {
        var zero = zeros(6, dtype: ScalarType.Float64);
        Assert.Equal(6, ImportanceWeights.EffectiveSampleSize(zero).ToDouble(), 1e-12);
        Assert.Equal(0, ImportanceWeights.KlFromBehavior(zero).ToDouble());
        Assert.Equal(0, ImportanceWeights.ShareAbove(zero, 1).ToDouble());
    }

    static void AssertRelative(Tensor expected, Tensor logs) => AssertClose(ones_like(expected), logs.exp().to(ScalarType.Float32).div(expected), 2e-6);
}
