namespace OfflineRL.Datasets;

/// <summary>Appends blocks to the open segment, and finishes it when it is large or old: a footer, the disk, and its final name.</summary>
sealed class SegmentWriter(string folder, SegmentSchema schema, LoggerOptions options, TimeProvider time, int firstNumber) : IDisposable
{
    // Each block is a row group; a reader looks at all of them in the footer.
    const int MostBlocks = 1000;

    readonly RowGroupEncoder _encoder = new(schema);
    readonly List<ParquetRowGroup> _blocks = [];
    FileStream? _file;
    long _end, _begun;
    bool _unsynced;

    public int Number { get; private set; } = firstNumber;

    /// <summary>Whether the open segment is to be finished.</summary>
    public bool IsDue => _file is not null && _blocks.Count > 0 &&
        (_end >= options.SegmentBytes || _blocks.Count >= MostBlocks || time.GetElapsedTime(_begun) >= options.SegmentAge);

    /// <summary>Writes one block. Where that fails, the file is as before, and the same batches can be written later.</summary>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void Write(IReadOnlyList<LogBatch> batches)
    {
        var file = _file ?? Open();
        var (bytes, block) = _encoder.Encode(batches, _end);
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes.Span, _end);
        }
        catch (IOException)
        {
            Cut(file);
            throw;
        }

        _blocks.Add(block);
        _end += bytes.Length;
        _unsynced = true;
    }

    /// <summary>Waits for the disk.</summary>
    public void Sync()
    {
        if (_file is not null && _unsynced && options.SyncToDisk)
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
        _unsynced = false;
    }

    /// <summary>Gives the open segment its footer and its final name; one without rows is deleted.</summary>
    /// <exception cref="IOException">The disk is full; the segment is as before.</exception>
    public void Finish()
    {
        if (_file is null)
            return;
        var open = LogFolder.SegmentPath(folder, Number, finished: false);
        if (_blocks.Count > 0)
        {
            try
            {
                RandomAccess.Write(_file.SafeFileHandle, SegmentFormat.Footer(schema, _blocks).Span, _end);
                RandomAccess.FlushToDisk(_file.SafeFileHandle);
            }
            catch (IOException)
            {
                Cut(_file);
                throw;
            }
        }

        _file.Dispose();
        _file = null;
        if (_blocks.Count > 0)
            File.Move(open, LogFolder.SegmentPath(folder, Number++, finished: true));
        else
            File.Delete(open);
        Durable.FlushFolder(folder);
        _blocks.Clear();
    }

    public void Dispose() => _file?.Dispose();

    FileStream Open()
    {
        var file = new FileStream(LogFolder.SegmentPath(folder, Number, finished: false), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            RandomAccess.Write(file.SafeFileHandle, ParquetFooter.Magic, 0);
        }
        catch (IOException)
        {
            file.Dispose();
            throw;
        }

        (_file, _end, _begun) = (file, ParquetFooter.Magic.Length, time.GetTimestamp());
        return file;
    }

    // What a write that failed left behind the last whole block would be cut by a recovery too.
    void Cut(FileStream file)
    {
        try
        {
            file.SetLength(_end);
        }
        catch (IOException)
        {
        }
    }
}
