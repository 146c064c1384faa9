using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Streams steps into <c>data/part-*.parquet</c>. Memory stays bounded by a few row groups however long the dataset is.</summary>
interface IStepsWriter : IDisposable
{
    /// <summary>Every part, flushed to the disk; to be asked for after <see cref="Finish"/>.</summary>
    IReadOnlyList<DatasetFile> Parts { get; }

    /// <exception cref="IOException">The disk is full, or gone; it may be said at a later call, or by <see cref="Finish"/>.</exception>
    void Write(in EpisodeColumns e, long episodeId);

    /// <summary>Writes what is left, and waits for what is being written. More may follow, in a part of its own.</summary>
    void Finish();

    /// <summary>Path of a part within the dataset.</summary>
    static string PartName(int part) => string.Create(CultureInfo.InvariantCulture, $"data/part-{part:D5}.parquet");
}
