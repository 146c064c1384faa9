using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Propensities;

/// <summary>Everything that a log may say about how likely an action was, alone and together.</summary>
public sealed class LoggedPropensityTests
{
    const double Tolerance = 1e-5;

    static (double Log, double[] Whole) Taken(in LoggedPropensity row, int actions = 3, double tolerance = Tolerance)
    {
        var whole = new double[actions];
        Assert.Null(LoggedPropensities.Resolve(row, tolerance, whole, out var log));
        return (log, whole);
    }

    static PropensityFault Refused(in LoggedPropensity row, int actions = 3, double tolerance = Tolerance)
    {
        var fault = LoggedPropensities.Resolve(row, tolerance, new double[actions], out _);
        Assert.NotNull(fault);
        return fault.Value;
    }

    [Fact]
    public void EachForm_GivesTheSameProbability()
    {
        var logits = new[] { 1.0, 2, 3 };
        var sum = logits.Sum(Math.Exp);
        var probabilities = logits.Select(l => Math.Exp(l) / sum).ToArray();
        var expected = Math.Log(probabilities[1]);
        Assert.Equal(expected, Taken(new() { Action = 1, LogProbability = expected }).Log, 1e-12);
        Assert.Equal(expected, Taken(new() { Action = 1, Probability = probabilities[1] }).Log, 1e-12);
        Assert.Equal(expected, Taken(new() { Action = 1, Probabilities = probabilities }).Log, 1e-12);
        Assert.Equal(expected, Taken(new() { Action = 1, Logits = logits }).Log, 1e-12);
        var all = Taken(new() { Action = 1, LogProbability = expected, Probability = probabilities[1], Probabilities = probabilities, Logits = logits });
        Assert.Equal(expected, all.Log, 1e-12);
        Assert.Equal(probabilities, all.Whole);
        Assert.True(double.IsNaN(Taken(new() { Action = 1 }).Log));
    }

    [Fact]
    public void Logits_AreTakenOverTheAllowedActions()
    {
        var (log, whole) = Taken(new() { Action = 0, Logits = [5, 100, 5], Mask = [true, false, true] });
        Assert.Equal(Math.Log(0.5), log, 1e-12);
        Assert.Equal([0.5, 0, 0.5], whole);
    }

    [Fact]
    public void AFaultyRow_KeepsWhatIsLeftOfItsPropensities()
    {
        static double Left(in LoggedPropensity row)
        {
            Assert.True(LoggedPropensities.Resolve(row, Tolerance, new double[2], out var log)!.Value.CanKeep);
            return log;
        }

        Assert.True(double.IsNaN(Left(new() { Action = 0, Probability = 0 })));
        Assert.True(double.IsNaN(Left(new() { Action = 1, Probabilities = [1, 0] })));
        Assert.Equal(Math.Log(0.25), Left(new() { Action = 0, Probability = 2, Probabilities = [0.25, 0.75] }), 1e-12);
        Assert.Equal(Math.Log(0.25), Left(new() { Action = 0, Probability = 0.5, Probabilities = [0.25, 0.75] }), 1e-12);
        Assert.Equal(Math.Log(0.25), Left(new() { Action = 0, Logits = [0, 0], Probabilities = [0.25, 0.75] }), 1e-12);
        Assert.Equal(Math.Log(0.3), Left(new() { Action = 0, Probability = 0.5, LogProbability = Math.Log(0.3) }), 1e-12);
        Assert.False(LoggedPropensities.Resolve(new() { Action = 0, Probabilities = [0.5, 0.75] }, Tolerance, new double[2], out _)!.Value.CanKeep);
    }

    [Fact]
    public void Densities_MayBeAboveOne()
    {
        Assert.Equal(Math.Log(7.5), Taken(new() { Action = -1, Probability = 7.5 }, 0).Log, 1e-12);
        Assert.Equal(3.5, Taken(new() { Action = -1, LogProbability = 3.5 }, 0).Log);
        Assert.Equal(3.5, Taken(new() { Action = -1, LogProbability = 3.5, Probability = Math.Exp(3.5) }, 0).Log);
        Assert.Equal(Checks.PropensitiesDiffer, Refused(new() { Action = -1, LogProbability = 3.5, Probability = 30 }, 0).Check);
        Assert.Equal(Checks.Propensity, Refused(new() { Action = -1, Probability = 0 }, 0).Check);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.01)]
    [InlineData(double.PositiveInfinity)]
    public void AProbability_OutsideOfZeroToOne_IsRefused(double probability)
    {
        var fault = Refused(new() { Action = 0, Probability = probability });
        Assert.Equal((Checks.Propensity, PropensityPart.Probability), (fault.Check, fault.Part));
        if (probability > 0)
        {
            fault = Refused(new() { Action = 0, LogProbability = Math.Log(probability) });
            Assert.Equal((Checks.Propensity, PropensityPart.LogProbability), (fault.Check, fault.Part));
        }
    }

    [Fact]
    public void ADistribution_ThatIsNone_IsRefused()
    {
        Assert.Equal(Checks.Probabilities, Refused(new() { Action = 0, Probabilities = [0.5, 0.5, 0.5] }).Check);
        Assert.Equal(Checks.Probabilities, Refused(new() { Action = 0, Probabilities = [1.5, -0.5, 0] }).Check);
        Assert.Equal(Checks.Probabilities, Refused(new() { Action = 0, Probabilities = [0.5, 0.5, 0], Mask = [true, false, true] }).Check);
        Assert.Equal(Checks.Propensity, Refused(new() { Action = 2, Probabilities = [0.5, 0.5, 0] }).Check);
        // What float32 and printed decimals lose is made good.
        Assert.Equal(1, Taken(new() { Action = 0, Probabilities = [0.333333, 0.333333, 0.333333] }).Whole.Sum(), 1e-12);
    }

    [Fact]
    public void FormsThatDisagree_AreRefusedWithBothValues_WithinTheToleranceTheDistributionIsStored()
    {
        var fault = Refused(new() { Action = 0, LogProbability = Math.Log(0.5), Probabilities = [0.25, 0.25, 0.5] });
        Assert.Equal((Checks.PropensitiesDiffer, PropensityPart.LogProbability, "the probability 0.5"), (fault.Check, fault.Part, fault.Found));
        Assert.Contains("0.25", fault.Expected, StringComparison.Ordinal);
        fault = Refused(new() { Action = 0, Probability = 0.5, LogProbability = Math.Log(0.6) });
        Assert.Equal((PropensityPart.Probability, "the probability 0.5"), (fault.Part, fault.Found));
        Assert.StartsWith("0.6", fault.Expected, StringComparison.Ordinal);
        Assert.Equal(PropensityPart.Logits, Refused(new() { Action = 0, Logits = [0, 0, 0], Probabilities = [0.25, 0.25, 0.5] }).Part);

        var (log, whole) = Taken(new() { Action = 0, Probability = 0.251, Probabilities = [0.25, 0.25, 0.5] }, tolerance: 0.01);
        Assert.Equal(Math.Log(0.25), log, 1e-12);
        Assert.Equal(0.25, whole[0]);
    }
}
