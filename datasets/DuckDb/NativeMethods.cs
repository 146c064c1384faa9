using System.Reflection;
using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>DuckDB's C API, one file a topic; this one finds and loads the library. https://duckdb.org/docs/stable/clients/c/api</summary>
static unsafe partial class NativeMethods
{
    const string Library = "duckdb";
    const string FileName = "libduckdb.so";
    const string Variable = "DUCKDB";

    static readonly Lazy<nint> Handle = new(Load);

    /// <summary>Loads the library on first use, so that what needs no DuckDB runs without it.</summary>
    /// <exception cref="UserErrorException">It is not there, or cannot be loaded.</exception>
    public static void EnsureLoaded() => _ = Handle.Value;

    static nint Load()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        string path = NativeLibraries.Find(FileName, Variable) ?? throw new UserErrorException(
            $"DuckDB's library {FileName} was not found" +
            (string.IsNullOrEmpty(named) ? "" : $": {Variable} names '{named}', which is no file") +
            $". Run 'make setup', or let {Variable} name the file.");
        if (!NativeLibrary.TryLoad(path, out nint handle))
        {
            throw new UserErrorException($"'{path}' cannot be loaded as a library. Run 'make setup' again, or let {Variable} name DuckDB's {FileName}.");
        }

        // https://duckdb.org/docs/stable/clients/c/api: data chunk copying as used here is stable from 1.2.
        string version = NativeLibrary.TryGetExport(handle, "duckdb_library_version", out nint address)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)address)()) ?? ""
            : "no DuckDB";
        if (!System.Version.TryParse(version.TrimStart('v').Split('-')[0], out Version? number) || number < new Version(1, 2))
        {
            throw new UserErrorException($"'{path}' is DuckDB {version}; 1.2 or newer is needed. Run 'make setup', or let {Variable} name a newer one.");
        }

        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? handle : 0);
        return handle;
    }
}
