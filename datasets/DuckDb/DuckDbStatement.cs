using System.Text;

namespace OfflineRL.Datasets;

/// <summary>A prepared statement with bound parameters.</summary>
public sealed unsafe class DuckDbStatement : IDisposable
{
    readonly StatementHandle _handle;

    internal DuckDbStatement(StatementHandle handle) => _handle = handle;

    /// <summary>Runs it and keeps the result in memory.</summary>
    /// <param name="parameters">null, bool, int, long, float, double, string, byte[].</param>
    public DuckDbResult Query(params ReadOnlySpan<object?> parameters)
    {
        Bind(parameters);
        ResultHandle result = new();
        return Finish(result, NativeMethods.Execute(_handle, result.Data));
    }

    /// <summary>Runs it while its chunks are read.</summary>
    public DuckDbResult Stream(params ReadOnlySpan<object?> parameters)
    {
        Bind(parameters);
        ResultHandle result = new();
        return Finish(result, NativeMethods.ExecuteStreaming(_handle, result.Data));
    }

    public void Dispose() => _handle.Dispose();

    static DuckDbResult Finish(ResultHandle result, int state)
    {
        if (state == 0)
        {
            return new DuckDbResult(result);
        }

        using (result)
        {
            throw DuckDbException.From(NativeMethods.ResultError(result.Data), "DuckDB cannot run the statement.");
        }
    }

    void Bind(ReadOnlySpan<object?> parameters)
    {
        ulong expected = NativeMethods.ParameterCount(_handle);
        if (expected != (ulong)parameters.Length)
        {
            throw new ArgumentException($"The statement has {expected} parameters, {parameters.Length} values were given.", nameof(parameters));
        }

        for (int i = 0; i < parameters.Length; i++)
        {
            if (BindOne((ulong)i + 1, parameters[i]) != 0)
            {
                throw new DuckDbException($"DuckDB does not take '{parameters[i]}' as parameter {i + 1}.");
            }
        }
    }

    int BindOne(ulong index, object? value)
    {
        switch (value)
        {
            case null: return NativeMethods.BindNull(_handle, index);
            case bool flag: return NativeMethods.BindBoolean(_handle, index, flag);
            case int number: return NativeMethods.BindInt64(_handle, index, number);
            case long number: return NativeMethods.BindInt64(_handle, index, number);
            case float number: return NativeMethods.BindDouble(_handle, index, number);
            case double number: return NativeMethods.BindDouble(_handle, index, number);
            case string text:
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                fixed (byte* pointer = utf8)
                {
                    byte none = 0;
                    return NativeMethods.BindText(_handle, index, utf8.Length == 0 ? &none : pointer, (ulong)utf8.Length);
                }

            case byte[] blob:
                fixed (byte* pointer = blob)
                {
                    byte none = 0;
                    return NativeMethods.BindBlob(_handle, index, blob.Length == 0 ? &none : pointer, (ulong)blob.Length);
                }

            default: throw new ArgumentException($"A parameter of type {value.GetType().Name} cannot be bound.");
        }
    }
}
