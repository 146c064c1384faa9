using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

// One handle a native object; its one job is to call the right destroy. A handle that others depend on is held by them, so that finalizers
// cannot close a database under an open connection: DuckDB itself counts those references.

sealed class DatabaseHandle : SafeHandle
{
    public DatabaseHandle(nint database)
        : base(0, true) => SetHandle(database);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.CloseDatabase(ref handle);
        return true;
    }
}

sealed class ConnectionHandle : SafeHandle
{
    public ConnectionHandle(nint connection)
        : base(0, true) => SetHandle(connection);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.Disconnect(ref handle);
        return true;
    }
}

sealed class StatementHandle : SafeHandle
{
    public StatementHandle(nint statement)
        : base(0, true) => SetHandle(statement);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.DestroyStatement(ref handle);
        return true;
    }
}

/// <summary>Owns the memory of a duckdb_result as well as what it points to.</summary>
sealed unsafe class ResultHandle : SafeHandle
{
    public ResultHandle()
        : base(0, true) => SetHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(NativeMethods.ResultData)));

    public NativeMethods.ResultData* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (NativeMethods.ResultData*)handle;
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.DestroyResult((NativeMethods.ResultData*)handle);
        NativeMemory.Free((void*)handle);
        return true;
    }
}

sealed class ChunkHandle : SafeHandle
{
    public ChunkHandle(nint chunk)
        : base(0, true) => SetHandle(chunk);

    public nint Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.DestroyChunk(ref handle);
        return true;
    }
}

sealed class AppenderHandle : SafeHandle
{
    public AppenderHandle(nint appender)
        : base(0, true) => SetHandle(appender);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        _ = NativeMethods.DestroyAppender(ref handle);
        return true;
    }
}
