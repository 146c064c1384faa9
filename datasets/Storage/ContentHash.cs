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
    readonly Dictionary<string, ColumnHash> _columns = new(StringComparer.Ordinal);
    readonly Dictionary<string, ColumnHash> _present = new(StringComparer.Ordinal);

    public void Add<T>(string column, ReadOnlySpan<T> values)
        where T : unmanaged => Column(_columns, column, "").Add(MemoryMarshal.AsBytes(values));

    /// <summary>Which rows of a column that may be null are there: 1 or 0.</summary>
    public void AddPresent(string column, ReadOnlySpan<byte> present) => Column(_present, column, "?").Add(present);

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
    public void AddText(string column, string? text)
    {
        Span<byte> utf8 = stackalloc byte[256];
        bool written = Encoding.UTF8.TryGetBytes(text ?? "", utf8, out int length);
        AddBlob(column, written ? utf8[..length] : Encoding.UTF8.GetBytes(text!), text is null);
    }

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
        foreach (ColumnHash column in _columns.Values.Concat(_present.Values).OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            whole.AppendData(Encoding.UTF8.GetBytes($"\n{column.Name}\n"));
            whole.AppendData(column.Current());
        }

        return "sha256:" + Convert.ToHexStringLower(whole.GetCurrentHash());
    }

    public void Dispose()
    {
        foreach (ColumnHash column in _columns.Values.Concat(_present.Values))
        {
            column.Dispose();
        }
    }

    static ColumnHash Column(Dictionary<string, ColumnHash> columns, string name, string suffix)
    {
        if (!columns.TryGetValue(name, out ColumnHash? column))
        {
            column = new ColumnHash(name + suffix);
            columns.Add(name, column);
        }

        return column;
    }

    /// <summary>The hash of one column. Episodes of a step or two bring a few bytes at a time, which gather before they are hashed.</summary>
    sealed class ColumnHash(string name) : IDisposable
    {
        readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        readonly byte[] _gathered = new byte[4096];
        int _count;

        public string Name => name;

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length > _gathered.Length - _count)
            {
                Flush();
            }

            if (bytes.Length >= _gathered.Length)
            {
                _hash.AppendData(bytes);
                return;
            }

            bytes.CopyTo(_gathered.AsSpan(_count));
            _count += bytes.Length;
        }

        public byte[] Current()
        {
            Flush();
            return _hash.GetCurrentHash();
        }

        public void Dispose() => _hash.Dispose();

        void Flush()
        {
            _hash.AppendData(_gathered.AsSpan(0, _count));
            _count = 0;
        }
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
