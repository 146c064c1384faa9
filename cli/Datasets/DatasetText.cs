using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Cli.Datasets;

/// <summary>Wording that several commands share.</summary>
static class DatasetText
{
    public static string Propensities(DatasetManifest manifest)
    {
        // The enums' names are the words.
        string source = manifest.PropensitySource.ToString().ToLowerInvariant();
        return manifest.PropensityKind == PropensityKind.None ? source : $"{source} {manifest.PropensityKind.ToString().ToLowerInvariant()}";
    }

    public static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>A number that may not be known.</summary>
    public static string Text(double? value) => value is { } known ? Number(known) : "";

    public static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
