using System.Runtime.InteropServices;
using System.Text;
using OfflineRL.Ingest.Hdf5;

namespace OfflineRL.Ingest;

/// <summary>Writes an HDF5 file that h5py reads: groups, arrays packed with deflate, texts and attributes.</summary>
/// <remarks>The library serves one caller at a time: a second writer waits until the first is disposed, by the thread that made it.</remarks>
sealed unsafe class Hdf5Writer : IDisposable
{
    const long ChunkBytes = 1 << 20;
    const int Level = 4;

    static readonly Lock Gate = new();

    readonly string _path;
    readonly H5Id _file;
    readonly HashSet<string> _groups = new(StringComparer.Ordinal);
    bool _closed;

    public Hdf5Writer(string path)
    {
        NativeMethods.EnsureLoaded();
        Gate.Enter();
        _path = path;
        const uint Truncate = 2;
        _file = new H5Id(NativeMethods.CreateFile(path, Truncate, H5.Default, H5.Default));
        if (!_file.IsValid)
        {
            Gate.Exit();
            throw Throw.CannotWriteHdf5(path, "/");
        }
    }

    /// <summary>Makes the groups that an object's path names.</summary>
    public void Group(string path)
    {
        for (var at = path.IndexOf('/', StringComparison.Ordinal); at > 0; at = path.IndexOf('/', at + 1))
            One(path[..at]);
        One(path);

        void One(string name)
        {
            if (!_groups.Add(name))
                return;
            using var group = new H5Id(NativeMethods.CreateGroup(_file, name, H5.Default, H5.Default, H5.Default));
            Require(group.IsValid, name);
        }
    }

    /// <summary>Writes a whole array; large ones are packed.</summary>
    public void Write<T>(string name, IReadOnlyList<long> shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        using var array = Create<T>(name, shape, packed: values.Length * (long)sizeof(T) > 16_384, grows: false);
        WriteAll(array, name, values);
    }

    /// <summary>An array that rows are added to.</summary>
    public Hdf5Array Begin<T>(string name, IReadOnlyList<int> rowShape)
        where T : unmanaged => new(this, name, Create<T>(name, [0, .. rowShape.Select(s => (long)s)], packed: true, grows: true), rowShape);

    /// <summary>Writes texts as UTF-8 of any length.</summary>
    public void WriteTexts(string name, IReadOnlyList<string> values)
    {
        Parent(name);
        using var type = H5.VariableText();
        var count = (ulong)values.Count;
        using var space = new H5Id(NativeMethods.CreateSimpleSpace(1, &count, null));
        using var data = new H5Id(NativeMethods.CreateData(_file, name, type, space, H5.Default, H5.Default, H5.Default));
        Require(data.IsValid, name);
        var texts = values.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            fixed (nint* pointers = texts)
                Require(NativeMethods.Write(data, type, H5.All, H5.All, H5.Default, pointers) >= 0, name);
        }
        finally
        {
            foreach (var text in texts)
                Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>A text at a group; at the file where the path is empty.</summary>
    public void Attribute(string path, string name, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        using var type = H5.FixedText(bytes.Length);
        fixed (byte* from = bytes.Length == 0 ? [0] : bytes)
            Attribute(path, name, type, from);
    }

    /// <summary>A number at a group.</summary>
    public void Attribute(string path, string name, long value) => Attribute(path, name, H5.Int64, &value);

    public void Close()
    {
        if (_closed)
            return;
        Require(NativeMethods.Flush(_file, 1) >= 0, "/");
        Dispose();
    }

    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _file.Dispose();
        Gate.Exit();
    }

    internal void Require(bool done, string name)
    {
        if (!done)
            throw Throw.CannotWriteHdf5(_path, name);
    }

    /// <summary>The library's type of a .NET number; booleans are h5py's enumeration.</summary>
    internal static H5Id TypeOf<T>()
        where T : unmanaged
    {
        if (typeof(T) != typeof(bool))
        {
            return new H5Id(NativeMethods.CopyType(typeof(T) == typeof(float) ? H5.Single
                : typeof(T) == typeof(double) ? H5.Double
                : typeof(T) == typeof(long) ? H5.Int64
                : typeof(T) == typeof(byte) ? H5.Byte
                : throw new ArgumentException($"No array holds {typeof(T).Name}.")));
        }

        var type = NativeMethods.CreateEnum(H5.SignedByte);
        sbyte no = 0, yes = 1;
        _ = NativeMethods.InsertEnum(type, "FALSE", &no);
        _ = NativeMethods.InsertEnum(type, "TRUE", &yes);
        return new H5Id(type);
    }

    void WriteAll<T>(long array, string name, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        using var type = TypeOf<T>();
        fixed (T* from = values)
        {
            if (values.Length > 0)
                Require(NativeMethods.Write(array, type, H5.All, H5.All, H5.Default, from) >= 0, name);
        }
    }

    H5Id Create<T>(string name, IReadOnlyList<long> shape, bool packed, bool grows)
        where T : unmanaged
    {
        Parent(name);
        var rank = Math.Max(1, shape.Count);
        ulong* sizes = stackalloc ulong[rank], most = stackalloc ulong[rank], chunk = stackalloc ulong[rank];
        long rowBytes = sizeof(T);
        for (var d = 0; d < rank; d++)
        {
            sizes[d] = most[d] = chunk[d] = (ulong)shape[d];
            rowBytes *= d == 0 ? 1 : shape[d];
        }

        if (grows)
            most[0] = ulong.MaxValue;
        var rows = Math.Max(1, ChunkBytes / Math.Max(1, rowBytes));
        chunk[0] = (ulong)(grows ? rows : Math.Clamp(shape[0], 1, rows));
        using var creation = new H5Id(NativeMethods.CreateProperties(NativeMethods.Global("H5P_CLS_DATASET_CREATE_ID_g")));
        // The same dataset gives the same bytes, whenever it is written.
        _ = NativeMethods.SetTrackTimes(creation, false);
        if (packed)
        {
            Require(NativeMethods.SetChunk(creation, rank, chunk) >= 0, name);
            _ = NativeMethods.SetShuffle(creation);
            _ = NativeMethods.SetDeflate(creation, Level);
        }

        using var type = TypeOf<T>();
        using var space = new H5Id(NativeMethods.CreateSimpleSpace(rank, sizes, most));
        var data = new H5Id(NativeMethods.CreateData(_file, name, type, space, H5.Default, creation, H5.Default));
        Require(data.IsValid, name);
        return data;
    }

    void Attribute(string path, string name, long type, void* value)
    {
        using var at = new H5Id(NativeMethods.OpenObject(_file, path.Length == 0 ? "/" : path, H5.Default));
        using var space = new H5Id(NativeMethods.CreateSpace(H5.Scalar));
        using var attribute = new H5Id(NativeMethods.CreateAttribute(at, name, type, space, H5.Default, H5.Default));
        Require(attribute.IsValid && NativeMethods.WriteAttribute(attribute, type, value) >= 0, $"{path}, attribute {name}");
    }

    void Parent(string name)
    {
        if (name.LastIndexOf('/') is > 0 and var at)
            Group(name[..at]);
    }
}

/// <summary>An array of an HDF5 file that rows are added to.</summary>
sealed unsafe class Hdf5Array(Hdf5Writer writer, string name, H5Id data, IReadOnlyList<int> rowShape) : IDisposable
{
    readonly int _width = rowShape.Aggregate(1, (product, size) => product * size);
    long _rows;

    public void Append<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var rank = rowShape.Count + 1;
        ulong* start = stackalloc ulong[rank], count = stackalloc ulong[rank], sizes = stackalloc ulong[rank];
        (start[0], count[0]) = ((ulong)_rows, (ulong)(values.Length / _width));
        sizes[0] = start[0] + count[0];
        for (var d = 1; d < rank; d++)
            (start[d], count[d], sizes[d]) = (0, (ulong)rowShape[d - 1], (ulong)rowShape[d - 1]);
        writer.Require(NativeMethods.SetExtent(data, sizes) >= 0, name);
        using var file = new H5Id(NativeMethods.SpaceOf(data));
        using var memory = new H5Id(NativeMethods.CreateSimpleSpace(rank, count, null));
        using var type = Hdf5Writer.TypeOf<T>();
        fixed (T* from = values)
        {
            writer.Require(
                NativeMethods.Select(file, H5.SelectSet, start, null, count, null) >= 0 && NativeMethods.Write(data, type, memory, file, H5.Default, from) >= 0,
                name);
        }

        _rows += values.Length / _width;
    }

    public void Dispose() => data.Dispose();
}
