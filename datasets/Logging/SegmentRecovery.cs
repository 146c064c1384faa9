namespace OfflineRL.Datasets;

/// <summary>A segment that a crashed writer left open, and what became of it.</summary>
/// <param name="File">Its name now; null where nothing whole was in it, and it was deleted.</param>
/// <param name="Rows">Rows that were whole.</param>
/// <param name="BytesCut">Bytes behind them: what the crash interrupted.</param>
public sealed record RecoveredSegment(string? File, long Rows, long BytesCut);

/// <summary>Finishes segments that a crash left open: what follows the last whole block is cut, the footer is written from the blocks' headers.</summary>
static class SegmentRecovery
{
    /// <param name="folder">Of a log that is locked.</param>
    /// <param name="manifest">Of the log.</param>
    public static IReadOnlyList<RecoveredSegment> Run(string folder, LogManifest manifest)
    {
        var schema = new SegmentSchema(manifest.Describe(), manifest.Session);
        return [.. LogFolder.OpenSegments(folder).Select(s => Recover(folder, schema, s.Number, s.Path))];
    }

    static RecoveredSegment Recover(string folder, SegmentSchema schema, int number, string path)
    {
        var blocks = new List<ParquetRowGroup>();
        long cut;
        using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read))
        {
            var end = ReadBlocks(file, schema, blocks);
            cut = file.Length - end;
            if (blocks.Count > 0)
            {
                var footer = SegmentFormat.Footer(schema, blocks);
                // Cut between the footer and the new name, nothing is missing.
                if (EndsWith(file, end, footer.Span))
                    cut = 0;
                file.SetLength(end);
                file.Position = end;
                file.Write(footer.Span);
                file.Flush(flushToDisk: true);
            }
        }

        if (blocks.Count == 0)
        {
            File.Delete(path);
            return new RecoveredSegment(null, 0, cut);
        }

        var target = LogFolder.SegmentPath(folder, number, finished: true);
        File.Move(path, target);
        Durable.FlushFolder(folder);
        return new RecoveredSegment(Path.GetFileName(target), blocks.Sum(b => (long)b.Rows), cut);
    }

    /// <returns>Where the last whole block ends.</returns>
    static long ReadBlocks(FileStream file, SegmentSchema schema, List<ParquetRowGroup> blocks)
    {
        Span<byte> magic = stackalloc byte[4];
        var end = (long)Math.Min(file.Length, 4);
        if (file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4 || !magic.SequenceEqual(ParquetFooter.Magic))
            return 0;
        byte[] buffer = [];
        while (SegmentFormat.ReadBlock(file, schema.Columns.Count, ref buffer) is { } block)
        {
            blocks.Add(block);
            end = file.Position;
        }

        return end;
    }

    static bool EndsWith(FileStream file, long from, ReadOnlySpan<byte> expected)
    {
        if (file.Length - from != expected.Length)
            return false;
        var found = new byte[expected.Length];
        file.Position = from;
        file.ReadExactly(found);
        return expected.SequenceEqual(found);
    }
}
