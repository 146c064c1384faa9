using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>How a database is opened. Extensions are never loaded and the configuration is locked.</summary>
public sealed record DuckDbOptions
{
    /// <summary>Null: DuckDB's default, one per core.</summary>
    public int? Threads { get; init; }

    /// <summary>Such as <c>2GB</c>; null: DuckDB's default, 80 % of the machine.</summary>
    public string? MemoryLimit { get; init; }

    /// <summary>Where what does not fit into memory spills; null: nowhere, so that nothing is left behind.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Whether nothing can be set later; false only where the program itself changes the number of threads.</summary>
    public bool Locked { get; init; } = true;

    /// <summary>Whether SQL may read and write files.</summary>
    public bool FileAccess { get; init; } = true;
}

/// <summary>An embedded database in memory.</summary>
public sealed class DuckDbDatabase : IDisposable
{
    readonly DatabaseHandle _handle;

    // A library that is not there is looked for again: who installs it need not start anew.
    static readonly Lazy<DuckDbDatabase> OneForSmallReads = new(() => OpenInMemory(new() { Threads = 1 }), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>One of one thread for small reads, which lives as long as the process: opening another costs more than reading a table of thousands of rows.</summary>
    /// <exception cref="UserErrorException">As <see cref="OpenInMemory"/>.</exception>
    internal static DuckDbDatabase Shared => OneForSmallReads.Value;

    DuckDbDatabase(DatabaseHandle handle) => _handle = handle;

    /// <exception cref="UserErrorException">DuckDB's library is not there; the message names <c>make setup</c> and <c>DUCKDB</c>.</exception>
    public static unsafe DuckDbDatabase OpenInMemory(DuckDbOptions? options = null)
    {
        options ??= new();
        NativeMethods.EnsureLoaded();
        if (NativeMethods.CreateConfig(out nint config) != 0)
        {
            throw new DuckDbException("DuckDB cannot create a configuration.");
        }

        try
        {
            Set("autoinstall_known_extensions", "false");
            Set("autoload_known_extensions", "false");
            Set("allow_community_extensions", "false");
            Set("temp_directory", options.TemporaryFolder ?? "");
            if (options.Threads is { } threads)
            {
                Set("threads", threads.ToString(CultureInfo.InvariantCulture));
            }

            if (options.MemoryLimit is { } limit)
            {
                Set("memory_limit", limit);
            }

            if (!options.FileAccess)
            {
                Set("enable_external_access", "false");
            }

            if (options.Locked)
            {
                Set("lock_configuration", "true");
            }

            if (NativeMethods.OpenDatabase(null, out nint database, config, out byte* error) != 0)
            {
                DuckDbException exception = DuckDbException.From(error, "DuckDB cannot open a database in memory.");
                NativeMethods.Free(error);
                throw exception;
            }

            return new DuckDbDatabase(new DatabaseHandle(database));
        }
        finally
        {
            NativeMethods.DestroyConfig(ref config);
        }

        void Set(string name, string value)
        {
            if (NativeMethods.SetConfig(config, name, value) != 0)
            {
                throw new DuckDbException($"DuckDB does not take the option {name} = '{value}'.");
            }
        }
    }

    /// <summary>A connection is used by one thread at a time.</summary>
    public DuckDbConnection Connect() => NativeMethods.Connect(_handle, out nint connection) == 0
        ? new DuckDbConnection(new ConnectionHandle(connection))
        : throw new DuckDbException("DuckDB cannot connect to its database.");

    public void Dispose() => _handle.Dispose();
}
