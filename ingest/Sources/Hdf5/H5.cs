using System.Runtime.InteropServices;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>One open object of the library, of any kind; its one job is to close it.</summary>
readonly struct H5Id(long id) : IDisposable
{
    public bool IsValid => id >= 0;

    public static implicit operator long(H5Id value) => value.ToInt64();

    public long ToInt64() => id;

    public void Dispose()
    {
        if (id >= 0)
            _ = NativeMethods.Close(id);
    }
}

/// <summary>What the library's numbers mean, and types that are made.</summary>
static unsafe class H5
{
    public const int Group = 2, Data = 5;
    public const int Integer = 0, Float = 1, Text = 3, Enum = 8;
    public const int Scalar = 0, Simple = 1;
    public const int Chunked = 2, Virtual = 3;
    public const int Utf8 = 1, ZeroTerminated = 0;
    public const int All = 0, Default = 0, SelectSet = 0;

    public static long Byte => NativeMethods.Global("H5T_NATIVE_UCHAR_g");

    public static long SignedByte => NativeMethods.Global("H5T_NATIVE_SCHAR_g");

    public static long Int64 => NativeMethods.Global("H5T_NATIVE_LLONG_g");

    public static long UInt64 => NativeMethods.Global("H5T_NATIVE_ULLONG_g");

    public static long Int32 => NativeMethods.Global("H5T_NATIVE_INT_g");

    public static long Single => NativeMethods.Global("H5T_NATIVE_FLOAT_g");

    public static long Double => NativeMethods.Global("H5T_NATIVE_DOUBLE_g");

    public static long CText => NativeMethods.Global("H5T_C_S1_g");

    /// <summary>Texts of any length, in UTF-8.</summary>
    public static H5Id VariableText()
    {
        var type = NativeMethods.CopyType(CText);
        _ = NativeMethods.SetSize(type, nuint.MaxValue);
        _ = NativeMethods.SetEncoding(type, Utf8);
        return new H5Id(type);
    }

    /// <summary>Texts of a fixed number of bytes.</summary>
    public static H5Id FixedText(int bytes)
    {
        var type = NativeMethods.CopyType(CText);
        _ = NativeMethods.SetSize(type, (nuint)Math.Max(1, bytes));
        _ = NativeMethods.SetEncoding(type, Utf8);
        return new H5Id(type);
    }

    /// <summary>Names of the links of a group that lead to objects of this very file, in ordinal order.</summary>
    public static List<string> Names(long group, List<string> elsewhere)
    {
        var found = (new List<string>(), elsewhere);
        var handle = GCHandle.Alloc(found);
        try
        {
            ulong index = 0;
            if (NativeMethods.Iterate(group, &index, &Visit, GCHandle.ToIntPtr(handle)) < 0)
                throw new InvalidDataException("the links of a group cannot be listed");
        }
        finally
        {
            handle.Free();
        }

        return found.Item1;
    }

    [UnmanagedCallersOnly]
    static int Visit(long group, byte* name, int* linkType, nint data)
    {
        const int Hard = 0, MostLinks = 4_000_000;
        var (names, elsewhere) = ((List<string>, List<string>))GCHandle.FromIntPtr(data).Target!;
        var text = Marshal.PtrToStringUTF8((nint)name);
        if (text is null || names.Count >= MostLinks)
            return -1;
        (*linkType == Hard ? names : elsewhere).Add(text);
        return 0;
    }
}
