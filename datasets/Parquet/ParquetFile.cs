using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>A Parquet file that row groups are written to one after the other; its hash is made as the bytes go out.</summary>
sealed class ParquetFile : IDisposable
{
    readonly string _name;
    readonly IReadOnlyList<ParquetColumn> _columns;
    readonly ChunkEncoder _encoder;
    readonly FileStream _file;
    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly List<ParquetRowGroup> _groups = [];

    /// <param name="path">The file to make.</param>
    /// <param name="name">Of the rows, for readers that show it.</param>
    /// <param name="columns">Of every row group.</param>
    /// <param name="encoder">Lends its buffers.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public ParquetFile(string path, string name, IReadOnlyList<ParquetColumn> columns, ChunkEncoder encoder)
    {
        (_name, _columns, _encoder) = (name, columns, encoder);
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void WriteRowGroup(IReadOnlyList<ColumnBuffer> columns)
    {
        if (Length == 0)
            Write(ParquetFooter.Magic);
        var (offset, chunks) = (Length, new ParquetChunk[columns.Count]);
        for (var i = 0; i < chunks.Length; i++)
            chunks[i] = _encoder.Write(columns[i], this);
        _groups.Add(new ParquetRowGroup(offset, columns[0].Rows, chunks));
    }

    /// <summary>Writes the footer, behind one row group at least.</summary>
    /// <returns>SHA-256 of the whole file, in hexadecimal digits.</returns>
    public string Finish()
    {
        Write(ParquetFooter.Make(_name, _columns, _groups).Span);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file.SafeFileHandle, bytes, Length);
        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }
}
