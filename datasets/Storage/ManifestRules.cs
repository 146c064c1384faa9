using System.Text.RegularExpressions;

namespace OfflineRL.Datasets;

/// <summary>What a manifest from elsewhere must satisfy before any file it names is opened.</summary>
static partial class ManifestRules
{
    /// <exception cref="UserErrorException">Another schema version, a file outside the folder, or a list of files that cannot be.</exception>
    public static void Require(string path, string folder, DatasetManifest manifest)
    {
        if (manifest.SchemaVersion != TrajectorySchema.Version)
        {
            throw new UserErrorException($"'{path}' has schema version {manifest.SchemaVersion}; this tool reads version {TrajectorySchema.Version}. " +
                "Use the tool that wrote the dataset, or make it again from its sources.");
        }

        if (manifest.Files.Any(f => f is null) || manifest.InfoColumns.Any(c => c is null) || manifest.Split.Fractions.Any(f => f is null))
        {
            throw new UserErrorException($"'{path}' holds null in a list; a manifest has none.");
        }

        string[] faults = [.. DatasetDescription.Of(manifest).Validate()];
        if (faults.Length > 0)
        {
            throw new UserErrorException($"'{path}' does not hold together: {string.Join("; ", faults)}.");
        }

        foreach (DatasetFile file in manifest.Files)
        {
            if (!FileName().IsMatch(file.Path))
            {
                throw new UserErrorException($"'{path}' names the file '{file.Path}'; expected data/part-NNNNN.parquet, episodes.parquet, rejects/rejects.csv and validation.json only.");
            }

            if (IsLink(Path.Combine(folder, file.Path)) || IsLink(Path.GetDirectoryName(Path.Combine(folder, file.Path))!, folder))
            {
                throw new UserErrorException($"'{Path.Combine(folder, file.Path)}' is a link; the files of a dataset lie in its own folder. Copy the dataset without links.");
            }
        }

        bool wellFormed = DatasetName.Parse(manifest.Name).Version is null && manifest.Version > 0
            && HashPattern().IsMatch(manifest.ContentHash)
            && manifest.Files.Count(f => f.Path == Dataset.EpisodesFile) == 1
            && manifest.Files.DistinctBy(f => f.Path).Count() == manifest.Files.Count
            && manifest.Counts.Episodes is > 0 and <= int.MaxValue && manifest.Counts.Steps >= manifest.Counts.Episodes
            && manifest.Files.All(f => f.Rows >= 0 && f.Bytes >= 0)
            && manifest.Files.First(f => f.Path == Dataset.EpisodesFile).Rows == manifest.Counts.Episodes
            && manifest.Files.Where(f => f.Path.StartsWith("data/", StringComparison.Ordinal)).Sum(f => f.Rows) == manifest.Counts.Steps;
        if (!wellFormed)
        {
            throw new UserErrorException($"'{path}' does not hold together: its name, content hash, counts and list of files contradict each other or the contract. " +
                "Copy the dataset again, or make it again from its sources.");
        }
    }

    static bool IsLink(string path, string? unless = null) =>
        path.TrimEnd('/') != unless?.TrimEnd('/') && new FileInfo(path).LinkTarget is not null;

    [GeneratedRegex(@"\A(data/part-[0-9]{5,9}\.parquet|episodes\.parquet|rejects/rejects\.csv|validation\.json)\z")]
    private static partial Regex FileName();

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z")]
    private static partial Regex HashPattern();
}
