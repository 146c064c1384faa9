using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OfflineRL.Datasets;

/// <summary>One dataset of several.</summary>
/// <param name="Columns">Its columns.</param>
/// <param name="Share">Its share of every batch, relative to the others'; positive.</param>
public sealed record DataSource(TrainingColumns Columns, double Share);

/// <summary>What a run learns from: one dataset, or several that are drawn from by weight.</summary>
public sealed class TrainingData : IDisposable
{
    readonly ColumnsInfo? _merged;

    /// <param name="sources">With the same spaces; disposed of with this.</param>
    /// <exception cref="UserErrorException">Their spaces differ, or one has action masks and another has none.</exception>
    public TrainingData(IReadOnlyList<DataSource> sources)
    {
        Sources = sources;
        var first = sources[0].Columns.Info;
        foreach (var other in sources.Skip(1).Select(source => source.Columns.Info))
        {
            if (other.ObservationSpace != first.ObservationSpace || other.ActionSpace != first.ActionSpace || other.HasActionMask != first.HasActionMask)
                throw Throw.CannotMix(first, other);
        }

        _merged = sources.Count == 1 ? null : Merge(sources);
    }

    public IReadOnlyList<DataSource> Sources { get; }

    /// <summary>Of the one dataset; of several: counts added up, and a name and hash that name them all with their shares.</summary>
    public ColumnsInfo Info => _merged ?? Sources[0].Columns.Info;

    /// <summary>One dataset.</summary>
    public static TrainingData Of(TrainingColumns columns) => new([new DataSource(columns, 1)]);

    /// <summary>Opens what a config names: one dataset, or <c>NAME=SHARE,NAME=SHARE</c>.</summary>
    /// <param name="workspace">Where datasets and compiled columns live.</param>
    /// <param name="text">As the user wrote it; each name as <see cref="Dataset.OpenColumns"/> takes it.</param>
    /// <param name="progress">Told of the compiling.</param>
    /// <param name="cancellation">Stops the compiling.</param>
    /// <exception cref="UserErrorException">The text is of neither form, or a dataset is not there, damaged, or of other spaces than the first.</exception>
    public static TrainingData Open(Workspace workspace, string text, IJobProgress progress, CancellationToken cancellation = default)
    {
        var parts = Parse(text);
        var sources = new List<DataSource>();
        try
        {
            foreach (var (name, share) in parts)
                sources.Add(new(Dataset.OpenColumns(workspace, name, progress, cancellation), share));
            return new(sources);
        }
        catch
        {
            foreach (var source in sources)
                source.Columns.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var source in Sources)
            source.Columns.Dispose();
    }

    static List<(string Name, double Share)> Parse(string text)
    {
        // A folder may have such a name.
        if (!text.Contains('=', StringComparison.Ordinal) || Directory.Exists(text))
            return [(text, 1)];
        var parts = new List<(string, double)>();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var at = item.LastIndexOf('=');
            if (at < 1 || !double.TryParse(item.AsSpan(at + 1), CultureInfo.InvariantCulture, out var share) || !(share > 0) || !double.IsFinite(share))
                throw Throw.BadShare(text, item);
            parts.Add((item[..at], share));
        }

        return parts;
    }

    static ColumnsInfo Merge(IReadOnlyList<DataSource> sources)
    {
        var total = sources.Sum(source => source.Share);
        string[] shares = [.. sources.Select(source => (source.Share / total).ToString("0.######", CultureInfo.InvariantCulture))];
        var identity = string.Join('\n', sources.Select((source, i) => $"{source.Columns.Info.ContentHash} {(source.Share / total).ToString("R", CultureInfo.InvariantCulture)}"));
        var infos = sources.Select(source => source.Columns.Info).ToList();
        var first = infos[0];
        return first with
        {
            Dataset = string.Join(',', infos.Select((info, i) => $"{info.Dataset}={shares[i]}")),
            ContentHash = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))),
            Steps = infos.Sum(info => info.Steps),
            Episodes = checked(infos.Sum(info => info.Episodes)),
            Environment = infos.All(info => info.Environment == first.Environment) ? first.Environment : null,
            InfoColumns = [.. first.InfoColumns.Where(column => infos.All(info => info.InfoColumns.Contains(column)))],
        };
    }
}
