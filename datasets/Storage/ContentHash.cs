using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace OfflineRL.Datasets;

/// <summary>
/// SHA-256 over the values of a dataset, whatever files, row groups, encodings or compression hold them. Every column is hashed on its own, as
/// little-endian values in row order (texts after their length in bytes; where nulls may occur, a byte a row says which are there, a missing number
/// is zero, a missing list nothing); the content hash is that of the header (spaces, environment, propensities, split names) and of the columns' names and hashes.
/// Source files and provenance are no part of it: the same data from another folder has the same hash.
/// </summary>
sealed class ContentHash : IDisposable
{
    readonly SortedDictionary<string, IncrementalHash> _columns = new(StringComparer.Ordinal);

    public void Add<T>(string column, ReadOnlySpan<T> values)
        where T : unmanaged => Column(column).AppendData(MemoryMarshal.AsBytes(values));

    /// <summary>Which rows of a column that may be null are there: 1 or 0.</summary>
    public void AddPresent(string column, ReadOnlySpan<byte> present) => Column(column + "?").AppendData(present);

    public void AddPresent(string column, bool present, int rows)
    {
        Span<byte> flags = stackalloc byte[256];
        flags.Fill(present ? (byte)1 : (byte)0);
        for (; rows > 0; rows -= flags.Length)
        {
            AddPresent(column, flags[..Math.Min(rows, flags.Length)]);
        }
    }

    public void AddZeros(string column, long bytes)
    {
        Span<byte> zeros = stackalloc byte[256];
        zeros.Clear();
        for (; bytes > 0; bytes -= zeros.Length)
        {
            Add(column, zeros[..(int)Math.Min(bytes, zeros.Length)]);
        }
    }

    /// <summary>One text; null differs from empty.</summary>
    public void AddText(string column, string? text) => AddBlob(column, Encoding.UTF8.GetBytes(text ?? ""), text is null);

    public void AddBlob(string column, ReadOnlySpan<byte> bytes, bool isNull)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, isNull ? -1 : bytes.Length);
        Add<byte>(column, length);
        Add(column, bytes);
    }

    /// <summary><c>sha256:</c> and 64 digits.</summary>
    public string Finish(ContentHeader header)
    {
        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        whole.AppendData(JsonSerializer.SerializeToUtf8Bytes(header, JsonFiles.Options));
        foreach ((string name, IncrementalHash hash) in _columns)
        {
            whole.AppendData(Encoding.UTF8.GetBytes($"\n{name}\n"));
            whole.AppendData(hash.GetCurrentHash());
        }

        return "sha256:" + Convert.ToHexStringLower(whole.GetCurrentHash());
    }

    public void Dispose()
    {
        foreach (IncrementalHash hash in _columns.Values)
        {
            hash.Dispose();
        }
    }

    IncrementalHash Column(string name)
    {
        if (!_columns.TryGetValue(name, out IncrementalHash? hash))
        {
            hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            _columns.Add(name, hash);
        }

        return hash;
    }
}

/// <summary>What the content hash covers beside the rows.</summary>
sealed record ContentHeader(
    int SchemaVersion,
    Space ObservationSpace,
    Space ActionSpace,
    string? Environment,
    PropensitySource PropensitySource,
    PropensityKind PropensityKind,
    IReadOnlyList<InfoColumn> InfoColumns,
    IReadOnlyList<string> Splits,
    int? ActionFeatures)
{
    public static ContentHeader Of(DatasetDescription d) => new(
        TrajectorySchema.Version, d.ObservationSpace, d.ActionSpace, d.Environment?.ToString(), d.PropensitySource, d.PropensityKind,
        d.InfoColumns, [.. d.Split.Fractions.Select(f => f.Name)], d.ActionFeatures > 0 ? d.ActionFeatures : null);

    public static ContentHeader Of(DatasetManifest m) => new(
        m.SchemaVersion, m.ObservationSpace, m.ActionSpace, m.Environment?.ToString(), m.PropensitySource, m.PropensityKind,
        m.InfoColumns, [.. m.Split.Fractions.Select(f => f.Name)], m.ActionFeatures > 0 ? m.ActionFeatures : null);
}
