using System.IO.Compression;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>A gzipped NPY file, read forward once.</summary>
sealed class ReplayArray : ArrayReader
{
    // Deflate turns at best 258 bytes into 2 bits.
    const long MostRatio = 1032;

    readonly NumpyReader _reader;

    ReplayArray(NumpyReader reader)
        : base(reader.Info) => _reader = reader;

    /// <exception cref="UserErrorException">It is no gzipped array, or promises more than its bytes can hold.</exception>
    public static ReplayArray Open(string path, string name)
    {
        Stream? stream = null;
        try
        {
            stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            var rows = NpzRows.Open(stream, name, $"'{path}'");
            var promised = (Int128)rows.Entry.Count * rows.Entry.Type.Size;
            if (promised > (Int128)new FileInfo(path).Length * MostRatio)
                throw Throw.PromisesTooMuch(path, rows.Entry.ToString(), new FileInfo(path).Length);
            return new ReplayArray(new NumpyReader(NumpyReader.Describe(name, rows.Entry), rows));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw Throw.CannotRead(path, e);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    public override void Read<T>(Span<T> values) => _reader.Read(values);

    public override void ReadTexts(Span<string> values) => _reader.ReadTexts(values);

    public override void Skip(long rows) => _reader.Skip(rows);

    public override void Dispose() => _reader.Dispose();
}
