using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Of exports.</summary>
static partial class Throw
{
    public static UserErrorException ExportExists(string path) =>
        new($"'{path}' exists already, and an export never replaces anything; name another path with --out, or delete it first.");

    public static UserErrorException CannotExport(string path, Exception inner) =>
        new($"'{path}' cannot be written: {inner.Message}", inner);

    public static UserErrorException CannotWriteHdf5(string path, string name) =>
        new($"'{path}', '{name}': the HDF5 library cannot write it. Is the disk full?");

    public static UserErrorException ImagesAsText(string dataset, Space space) =>
        new($"The dataset '{dataset}' has observations of {space}, images, which CSV and JSON lines do not hold; export it as npz, minari-hdf5 or d4rl-hdf5.");
}
