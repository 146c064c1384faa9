using System.Runtime.InteropServices;

namespace OfflineRL.Ingest.Hdf5;

/// <summary>Data sets, data spaces, data types and attributes.</summary>
static unsafe partial class NativeMethods
{
    [LibraryImport(Library, EntryPoint = "H5Dopen2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long OpenData(long at, string name, long access);

    [LibraryImport(Library, EntryPoint = "H5Dcreate2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long CreateData(long at, string name, long type, long space, long link, long creation, long access);

    [LibraryImport(Library, EntryPoint = "H5Dset_extent")]
    public static partial int SetExtent(long data, ulong* sizes);

    [LibraryImport(Library, EntryPoint = "H5Dget_space")]
    public static partial long SpaceOf(long data);

    [LibraryImport(Library, EntryPoint = "H5Dget_type")]
    public static partial long TypeOf(long data);

    [LibraryImport(Library, EntryPoint = "H5Dget_create_plist")]
    public static partial long CreationOf(long data);

    [LibraryImport(Library, EntryPoint = "H5Dget_storage_size")]
    public static partial ulong StorageSize(long data);

    [LibraryImport(Library, EntryPoint = "H5Dread")]
    public static partial int Read(long data, long memoryType, long memorySpace, long fileSpace, long transfer, void* buffer);

    [LibraryImport(Library, EntryPoint = "H5Dwrite")]
    public static partial int Write(long data, long memoryType, long memorySpace, long fileSpace, long transfer, void* buffer);

    [LibraryImport(Library, EntryPoint = "H5Screate")]
    public static partial long CreateSpace(int kind);

    [LibraryImport(Library, EntryPoint = "H5Screate_simple")]
    public static partial long CreateSimpleSpace(int rank, ulong* sizes, ulong* most);

    [LibraryImport(Library, EntryPoint = "H5Sget_simple_extent_type")]
    public static partial int SpaceKind(long space);

    [LibraryImport(Library, EntryPoint = "H5Sget_simple_extent_ndims")]
    public static partial int Rank(long space);

    [LibraryImport(Library, EntryPoint = "H5Sget_simple_extent_dims")]
    public static partial int Sizes(long space, ulong* sizes, ulong* most);

    [LibraryImport(Library, EntryPoint = "H5Sselect_hyperslab")]
    public static partial int Select(long space, int operation, ulong* start, ulong* stride, ulong* count, ulong* block);

    [LibraryImport(Library, EntryPoint = "H5Tget_class")]
    public static partial int ClassOf(long type);

    [LibraryImport(Library, EntryPoint = "H5Tget_size")]
    public static partial nuint SizeOf(long type);

    [LibraryImport(Library, EntryPoint = "H5Tget_sign")]
    public static partial int SignOf(long type);

    [LibraryImport(Library, EntryPoint = "H5Tis_variable_str")]
    public static partial int IsVariableText(long type);

    [LibraryImport(Library, EntryPoint = "H5Tget_native_type")]
    public static partial long NativeType(long type, int direction);

    [LibraryImport(Library, EntryPoint = "H5Tcopy")]
    public static partial long CopyType(long type);

    [LibraryImport(Library, EntryPoint = "H5Tset_size")]
    public static partial int SetSize(long type, nuint size);

    [LibraryImport(Library, EntryPoint = "H5Tget_cset")]
    public static partial int EncodingOf(long type);

    [LibraryImport(Library, EntryPoint = "H5Tset_cset")]
    public static partial int SetEncoding(long type, int encoding);

    [LibraryImport(Library, EntryPoint = "H5Tset_strpad")]
    public static partial int SetPadding(long type, int padding);

    [LibraryImport(Library, EntryPoint = "H5Tenum_create")]
    public static partial long CreateEnum(long element);

    [LibraryImport(Library, EntryPoint = "H5Tenum_insert", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int InsertEnum(long type, string name, void* value);

    [LibraryImport(Library, EntryPoint = "H5Aexists", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int HasAttribute(long at, string name);

    [LibraryImport(Library, EntryPoint = "H5Aopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long OpenAttribute(long at, string name, long access);

    [LibraryImport(Library, EntryPoint = "H5Acreate2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial long CreateAttribute(long at, string name, long type, long space, long creation, long access);

    [LibraryImport(Library, EntryPoint = "H5Aget_type")]
    public static partial long TypeOfAttribute(long attribute);

    [LibraryImport(Library, EntryPoint = "H5Aget_space")]
    public static partial long SpaceOfAttribute(long attribute);

    [LibraryImport(Library, EntryPoint = "H5Aread")]
    public static partial int ReadAttribute(long attribute, long memoryType, void* buffer);

    [LibraryImport(Library, EntryPoint = "H5Awrite")]
    public static partial int WriteAttribute(long attribute, long memoryType, void* buffer);
}
