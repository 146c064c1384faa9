using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>Faults that the configs of this stage can share.</summary>
static class ConfigFaults
{
    public static IEnumerable<string> Common(string job, string expectedJob, string name, double confidence, int resamples)
    {
        if (job != expectedJob)
            yield return $"job is '{job}'; expected {expectedJob}.";
        if (name.AsSpan().ContainsAny('/', '\\') || name.StartsWith('.'))
            yield return $"name is '{name}'; expected a plain name without slashes that does not start with a dot.";
        if (!(confidence is > 0 and < 1))
            yield return string.Create(CultureInfo.InvariantCulture, $"confidence is {confidence}; expected a number between 0 and 1, such as 0.95.");
        if (resamples < 1)
            yield return $"resamples is {resamples}; expected at least 1.";
    }
}
