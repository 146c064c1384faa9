using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The rows of a checkpoint, some hundred frames at a time.</summary>
sealed class ReplayRows : IDisposable
{
    const long BatchBytes = 8 << 20;

    readonly List<ReplayArray> _arrays;
    readonly int _batch;
    long _left;

    ReplayRows(ReplayShard shard, List<ReplayArray> arrays)
    {
        _arrays = arrays;
        var frames = arrays.First(a => a.Info.Name == "observation").Info;
        foreach (var array in arrays)
        {
            if (array.Info.Shape.Count == 0 || array.Info.Rows != frames.Rows)
                throw Throw.ArrayRows(shard.Stores[array.Info.Name], array.Info, frames);
        }

        Columns = [.. arrays.Select(a => StagedColumn.Of(a.Info, shard.Stores[a.Info.Name]))];
        if (Columns[Index("action")] is not { Kind: StagedKind.Integer, Width: 0 } || Columns[Index("terminal")].Width > 0 || Columns[Index("reward")].Width > 0)
            throw Throw.StoreTypes(shard.Stores["observation"], Columns);
        _left = frames.Rows;
        _batch = (int)Math.Clamp(BatchBytes / Columns.Sum(c => c.RowBytes), 1, DuckDbAppender.Capacity);
    }

    public IReadOnlyList<StagedColumn> Columns { get; }

    /// <summary>The row that is the buffer's oldest, where it lies behind newer ones; -1: rows stand in order.</summary>
    public long Cursor { get; private init; }

    public static ReplayRows Open(ReplayShard shard)
    {
        var arrays = new List<ReplayArray>();
        try
        {
            foreach (var (name, path) in shard.Stores.Where(s => s.Key is not ("add_count" or "invalid_range")))
                arrays.Add(ReplayArray.Open(path, name));
            var rows = arrays.First(a => a.Info.Name == "observation").Info.Rows;
            return new ReplayRows(shard, arrays) { Cursor = shard.Stores.TryGetValue("add_count", out var count) ? OldestRow(count, rows) : -1 };
        }
        catch
        {
            arrays.ForEach(a => a.Dispose());
            throw;
        }
    }

    /// <summary>The next rows; null: there are no more.</summary>
    public ReplayBatch? Next()
    {
        if (_left == 0)
            return null;
        var count = (int)Math.Min(_batch, _left);
        _left -= count;
        var values = new Array[_arrays.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Read(_arrays[i], Columns[i], count);
        return new ReplayBatch(Columns, values, Index("observation"), Index("action"), Index("reward"), Index("terminal"), count);
    }

    public void Dispose() => _arrays.ForEach(a => a.Dispose());

    int Index(string name) => _arrays.FindIndex(a => a.Info.Name == name);

    static Array Read(ReplayArray array, StagedColumn column, int count)
    {
        var length = count * Math.Max(1, column.Width);
        switch (column.Kind)
        {
            case StagedKind.Boolean:
                var flags = new bool[length];
                array.Read<bool>(flags);
                return flags;
            case StagedKind.Integer:
                var numbers = new long[length];
                array.Read<long>(numbers);
                return numbers;
            case StagedKind.Single:
                var singles = new float[length];
                array.Read<float>(singles);
                return singles;
            case StagedKind.Double:
                var doubles = new double[length];
                array.Read<double>(doubles);
                return doubles;
            case StagedKind.Blob:
                var bytes = new byte[length];
                array.Read<byte>(bytes);
                return bytes;
            default:
                throw Throw.TextMatrix("", array.Info);
        }
    }

    // The buffer is a ring: where more was added than fits, the oldest row is the one that would be written next.
    static long OldestRow(string path, long rows)
    {
        using var array = ReplayArray.Open(path, "add_count");
        if (array.Info.Shape.Count > 1 || array.Info.Rows != 1 || array.Info.Kind != ArrayKind.Integer)
            throw Throw.AddCount(path, array.Info);
        long added = 0;
        array.Read(MemoryMarshal.CreateSpan(ref added, 1));
        return rows > 0 && added > rows && added % rows != 0 ? added % rows : -1;
    }
}

/// <summary>Some rows of a checkpoint, in memory.</summary>
sealed class ReplayBatch(IReadOnlyList<StagedColumn> columns, Array[] values, int observation, int action, int reward, int terminal, int count)
{
    public int Count => count;

    public bool[] Terminal { get; } = values[terminal] switch
    {
        bool[] flags => flags,
        long[] numbers => [.. numbers.Select(n => n != 0)],
        float[] numbers => [.. numbers.Select(n => n != 0)],
        _ => [.. ((double[])values[terminal]).Select(n => n != 0)],
    };

    /// <summary>Whether all that a row holds is zero: frame, action, reward and end.</summary>
    public bool IsZero(int row)
    {
        var frame = columns[observation].Width;
        return !Terminal[row] && ((long[])values[action])[row] == 0 && Convert.ToDouble(values[reward].GetValue(row), System.Globalization.CultureInfo.InvariantCulture) == 0
            && values[observation] is byte[] bytes && !bytes.AsSpan(row * frame, frame).ContainsAnyExcept((byte)0);
    }

    /// <summary>Writes rows as steps of one episode.</summary>
    public void Write(StagedWriter writer, int file, long episode, int first, int end)
    {
        if (first >= end)
            return;
        var feeds = new List<ColumnFeed> { new ConstantFeed(writer.Columns[0], episode) };
        for (var i = 0; i < columns.Count; i++)
        {
            var info = new ArrayInfo(columns[i].Name, ArrayKind.Integer, [count, Math.Max(1, columns[i].Width)]);
            ArrayReader reader = values[i] switch
            {
                bool[] v => new MemoryReader<bool>(info, v),
                long[] v => new MemoryReader<long>(info, v),
                float[] v => new MemoryReader<float>(info, v),
                double[] v => new MemoryReader<double>(info, v),
                var v => new MemoryReader<byte>(info, (byte[])v),
            };
            reader.Skip(first);
            feeds.Add(new ArrayFeed(columns[i], [reader]));
        }

        writer.Append(file, end - first, feeds);
    }
}
