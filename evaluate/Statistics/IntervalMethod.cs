namespace OfflineRL.Evaluate;

/// <summary>How an interval is made; each rests on another assumption.</summary>
public enum IntervalMethod
{
    /// <summary>The bootstrap replicates' quantiles.</summary>
    BootstrapPercentile,

    /// <summary>Bias-corrected and accelerated: quantiles moved for bias and skew; second-order accurate.</summary>
    BootstrapBca,

    /// <summary>From the standard error and Student's t distribution.</summary>
    StudentT,

    /// <summary>A bound for bounded terms that uses their variance (Maurer and Pontil 2009).</summary>
    EmpiricalBernstein,

    /// <summary>A bound for bounded terms (Hoeffding 1963).</summary>
    Hoeffding,
}

/// <summary>The names that configs and tables use.</summary>
static class IntervalNames
{
    public static string Of(IntervalMethod method) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(method.ToString());
}
