using System.Reflection;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>The HDF5 C library, 1.10 or newer. https://support.hdfgroup.org/documentation/hdf5/latest/_r_m.html</summary>
static unsafe partial class NativeMethods
{
    const string Library = "hdf5";
    const string Variable = "HDF5";

    // Debian's names, newest first: the serial build, then one that stands alone.
    static readonly string[] Names = ["libhdf5_serial.so.310", "libhdf5.so.310", "libhdf5_serial.so.200", "libhdf5.so.200", "libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5_serial.so", "libhdf5.so"];

    static readonly Lazy<nint> Handle = new(Load);

    /// <summary>Loads the library on first use, so that what needs no HDF5 runs without it.</summary>
    /// <exception cref="UserErrorException">It is not there, or too old.</exception>
    public static void EnsureLoaded() => _ = Handle.Value;

    /// <summary>A predefined type or class, which the library keeps in a variable.</summary>
    public static long Global(string name) => *(long*)NativeLibrary.GetExport(Handle.Value, name);

    /// <summary>Iterates over the links of a group; the library calls it by another name from 1.12 on.</summary>
    public static int Iterate(long group, ulong* index, delegate* unmanaged<long, byte*, int*, nint, int> visit, nint data)
    {
        var address = NativeLibrary.TryGetExport(Handle.Value, "H5Literate2", out var newer) ? newer : NativeLibrary.GetExport(Handle.Value, "H5Literate");
        const int ByName = 0, Increasing = 0;
        return ((delegate* unmanaged<long, int, int, ulong*, delegate* unmanaged<long, byte*, int*, nint, int>, nint, int>)address)(group, ByName, Increasing, index, visit, data);
    }

    static nint Load()
    {
        // Its locks fail on file systems that are mounted read-only, and pass to processes that are started meanwhile.
        _ = SetVariable("HDF5_USE_FILE_LOCKING", "FALSE", 1);
        var named = Environment.GetEnvironmentVariable(Variable);
        nint handle = 0;
        var found = string.IsNullOrEmpty(named) ? Names.Any(n => NativeLibrary.TryLoad(n, out handle)) : NativeLibrary.TryLoad(Path.GetFullPath(named), out handle);
        if (!found)
            throw Throw.NoHdf5(named);
        uint major = 0, minor = 0, release = 0;
        var version = (delegate* unmanaged<uint*, uint*, uint*, int>)NativeLibrary.GetExport(handle, "H5get_libversion");
        if (version(&major, &minor, &release) < 0 || (major, minor).CompareTo((1, 10)) < 0)
            throw Throw.OldHdf5(FormattableString.Invariant($"{major}.{minor}.{release}"));
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? handle : 0);
        if (Open() < 0)
            throw Throw.OldHdf5("that does not start");
        // Its own error stack goes to the console; the messages here name file and object instead.
        _ = SetErrorPrinter(0, 0, 0);
        return handle;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int replace);

    [LibraryImport(Library, EntryPoint = "H5open")]
    private static partial int Open();

    [LibraryImport(Library, EntryPoint = "H5Eset_auto2")]
    private static partial int SetErrorPrinter(long stack, nint function, nint data);

    [LibraryImport(Library, EntryPoint = "H5free_memory")]
    public static partial int Free(nint memory);

    [LibraryImport(Library, EntryPoint = "H5Fopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long OpenFile(string path, uint flags, long access);

    [LibraryImport(Library, EntryPoint = "H5Fcreate", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long CreateFile(string path, uint flags, long creation, long access);

    [LibraryImport(Library, EntryPoint = "H5Fflush")]
    public static partial int Flush(long file, int scope);

    [LibraryImport(Library, EntryPoint = "H5Oopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long OpenObject(long at, string name, long access);

    /// <summary>Closes whatever an id stands for, as the close of its kind does.</summary>
    [LibraryImport(Library, EntryPoint = "H5Idec_ref")]
    public static partial int Close(long id);

    [LibraryImport(Library, EntryPoint = "H5Iget_type")]
    public static partial int TypeOfObject(long id);

    [LibraryImport(Library, EntryPoint = "H5Gcreate2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long CreateGroup(long at, string name, long link, long creation, long access);

    [LibraryImport(Library, EntryPoint = "H5Pcreate")]
    public static partial long CreateProperties(long kind);

    [LibraryImport(Library, EntryPoint = "H5Pset_chunk")]
    public static partial int SetChunk(long properties, int rank, ulong* sizes);

    [LibraryImport(Library, EntryPoint = "H5Pget_chunk")]
    public static partial int GetChunk(long properties, int rank, ulong* sizes);

    [LibraryImport(Library, EntryPoint = "H5Pset_deflate")]
    public static partial int SetDeflate(long properties, uint level);

    [LibraryImport(Library, EntryPoint = "H5Pset_obj_track_times")]
    public static partial int SetTrackTimes(long properties, [MarshalAs(UnmanagedType.U1)] bool track);

    [LibraryImport(Library, EntryPoint = "H5Pset_shuffle")]
    public static partial int SetShuffle(long properties);

    [LibraryImport(Library, EntryPoint = "H5Pset_chunk_cache")]
    public static partial int SetChunkCache(long properties, nuint slots, nuint bytes, double preemption);

    [LibraryImport(Library, EntryPoint = "H5Pget_external_count")]
    public static partial int ExternalCount(long properties);

    [LibraryImport(Library, EntryPoint = "H5Pget_layout")]
    public static partial int Layout(long properties);
}
