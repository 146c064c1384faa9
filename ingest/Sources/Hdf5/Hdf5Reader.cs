using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>Rows of one array of an HDF5 file.</summary>
sealed unsafe class Hdf5Reader : ArrayReader
{
    const long MostCache = 128 << 20;

    readonly Hdf5File _source;
    readonly H5Id _data, _space, _type;
    readonly bool _unsigned64;
    long _row;

    public Hdf5Reader(Hdf5File source, long file, ArrayInfo info)
        : base(info)
    {
        _source = source;
        using var access = new H5Id(NativeMethods.CreateProperties(NativeMethods.Global("H5P_CLS_DATASET_ACCESS_ID_g")));
        // Chunks may lie across the rows; each is to be unpacked once, not once a batch.
        const int Slots = 12_421;
        if (BandBytes(file, info) is > 0 and <= MostCache and var band)
            _ = NativeMethods.SetChunkCache(access, Slots, (nuint)Math.Max(band, 1 << 20), 1.0);
        _data = new H5Id(NativeMethods.OpenData(file, info.Name, access));
        _space = new H5Id(_data.IsValid ? NativeMethods.SpaceOf(_data) : -1);
        _type = new H5Id(_data.IsValid ? NativeMethods.TypeOf(_data) : -1);
        if (!_space.IsValid || !_type.IsValid)
        {
            Dispose();
            throw Throw.DamagedHdf5(source.Path, info.Name, "it cannot be opened");
        }

        _unsigned64 = info.Kind == ArrayKind.Integer && NativeMethods.SizeOf(_type) == 8 && NativeMethods.SignOf(_type) == 0;
    }

    public override void Read<T>(Span<T> values)
    {
        if (values.IsEmpty)
            return;
        if (Info.Kind == ArrayKind.Boolean || typeof(T) == typeof(bool))
        {
            ReadFlags(values);
            return;
        }

        if (Info.Kind == ArrayKind.Text)
            throw Throw.TypeWanted(_source.Path, Info, "numbers");
        ReadRows(values, MemoryType<T>());
        // The library would cut off what does not fit, silently.
        if (_unsigned64 && typeof(T) == typeof(long) && MemoryMarshal.Cast<T, long>(values).IndexOfAnyExceptInRange(0, long.MaxValue) >= 0)
            throw Throw.TypeWanted(_source.Path, Info, "whole numbers below 2^63");
    }

    public override void ReadTexts(Span<string> values)
    {
        if (Info.Width > 1)
            throw Throw.TextMatrix(_source.Path, Info);
        if (NativeMethods.IsVariableText(_type) > 0)
        {
            using var memory = H5.VariableText();
            _ = NativeMethods.SetEncoding(memory, NativeMethods.EncodingOf(_type));
            var pointers = new nint[values.Length];
            ReadRows<nint>(pointers, memory);
            for (var i = 0; i < values.Length; i++)
                values[i] = Take(pointers[i]) ?? "";
            return;
        }

        var size = (int)NativeMethods.SizeOf(_type);
        var bytes = new byte[checked(size * values.Length)];
        ReadRows<byte>(bytes, _type, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            var text = bytes.AsSpan(i * size, size);
            values[i] = Encoding.UTF8.GetString(text.IndexOf((byte)0) is >= 0 and var end ? text[..end] : text);
        }
    }

    public override void Skip(long rows) => _row += rows;

    public override void Dispose()
    {
        _type.Dispose();
        _space.Dispose();
        _data.Dispose();
    }

    /// <summary>A text that the library allocated, which is freed.</summary>
    public static string? Take(nint pointer)
    {
        if (pointer == 0)
            return null;
        var text = Marshal.PtrToStringUTF8(pointer);
        _ = NativeMethods.Free(pointer);
        return text;
    }

    void ReadFlags<T>(Span<T> values)
        where T : unmanaged
    {
        var flags = new sbyte[values.Length];
        if (Info.Kind == ArrayKind.Boolean)
        {
            using var native = new H5Id(NativeMethods.NativeType(_type, 1));
            ReadRows<sbyte>(flags, native);
        }
        else
        {
            ReadRows<sbyte>(flags, H5.SignedByte);
        }

        for (var i = 0; i < flags.Length; i++)
        {
            if (flags[i] is not (0 or 1))
                throw Throw.TypeWanted(_source.Path, Info, string.Create(CultureInfo.InvariantCulture, $"flags, 0 or 1; found {flags[i]}"));
            values[i] = Number<T>(flags[i]);
        }
    }

    static T Number<T>(sbyte flag)
        where T : unmanaged
    {
        if (typeof(T) == typeof(bool))
            return (T)(object)(flag == 1);
        if (typeof(T) == typeof(long))
            return (T)(object)(long)flag;
        if (typeof(T) == typeof(float))
            return (T)(object)(float)flag;
        return typeof(T) == typeof(double) ? (T)(object)(double)flag : throw new NotSupportedException(typeof(T).Name);
    }

    void ReadRows<T>(Span<T> values, long memoryType)
        where T : unmanaged => ReadRows(values, memoryType, values.Length / (int)Info.Width);

    void ReadRows<T>(Span<T> values, long memoryType, int rows)
        where T : unmanaged
    {
        var rank = Math.Max(1, Info.Shape.Count);
        var start = stackalloc ulong[rank];
        var count = stackalloc ulong[rank];
        for (var d = 1; d < rank; d++)
            (start[d], count[d]) = (0, (ulong)Info.Shape[d]);
        (start[0], count[0]) = ((ulong)_row, (ulong)rows);
        if (_row + rows > Info.Rows)
            throw Throw.DamagedHdf5(_source.Path, Info.Name, string.Create(CultureInfo.InvariantCulture, $"it has {Info.Rows} rows, and {_row + rows} are wanted"));
        var elements = (ulong)rows * (ulong)Info.Width;
        using var memory = new H5Id(NativeMethods.CreateSimpleSpace(1, &elements, null));
        int status;
        fixed (T* to = values)
        {
            status = Info.Shape.Count == 0
                ? NativeMethods.Read(_data, memoryType, H5.All, H5.All, H5.Default, to)
                : NativeMethods.Select(_space, H5.SelectSet, start, null, count, null) < 0 ? -1
                : NativeMethods.Read(_data, memoryType, memory, _space, H5.Default, to);
        }

        if (status < 0)
            throw Throw.DamagedHdf5(_source.Path, Info.Name, string.Create(CultureInfo.InvariantCulture, $"rows {_row} to {_row + rows - 1} cannot be read; the data is damaged, or packed by a filter that this library lacks"));
        _row += rows;
    }

    static long MemoryType<T>() => typeof(T) == typeof(byte) ? H5.Byte
        : typeof(T) == typeof(long) ? H5.Int64
        : typeof(T) == typeof(float) ? H5.Single
        : typeof(T) == typeof(double) ? H5.Double
        : throw new NotSupportedException(typeof(T).Name);

    // Bytes of the chunks that hold one row and its neighbours; 0: the array is not in chunks.
    static long BandBytes(long file, ArrayInfo info)
    {
        if (info.Shape.Count == 0)
            return 0;
        using var data = new H5Id(NativeMethods.OpenData(file, info.Name, H5.Default));
        using var creation = new H5Id(data.IsValid ? NativeMethods.CreationOf(data) : -1);
        if (!creation.IsValid || NativeMethods.Layout(creation) != H5.Chunked)
            return 0;
        var sizes = stackalloc ulong[info.Shape.Count];
        if (NativeMethods.GetChunk(creation, info.Shape.Count, sizes) < 0)
            return 0;
        Int128 bytes = 8;
        for (var d = 0; d < info.Shape.Count; d++)
            bytes *= d == 0 ? sizes[d] : (((UInt128)info.Shape[d] + sizes[d] - 1) / Math.Max(1, sizes[d]) * sizes[d]) is var span && span < long.MaxValue ? (Int128)span : long.MaxValue;
        return bytes > long.MaxValue ? long.MaxValue : (long)bytes;
    }
}
