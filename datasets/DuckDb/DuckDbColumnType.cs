namespace OfflineRL.Datasets;

/// <summary>A column's type, read once so that no chunk has to ask.</summary>
sealed record DuckDbColumnType(DuckDbType Id, DuckDbColumnType? Child, int ArraySize)
{
    /// <summary>Reads a native logical type and destroys it.</summary>
    public static DuckDbColumnType Take(nint type)
    {
        try
        {
            DuckDbType id = NativeMethods.TypeId(type);
            return id switch
            {
                DuckDbType.List => new(id, Take(NativeMethods.ListChildType(type)), 0),
                DuckDbType.Array => new(id, Take(NativeMethods.ArrayChildType(type)), checked((int)NativeMethods.ArraySize(type))),
                _ => new(id, null, 0),
            };
        }
        finally
        {
            NativeMethods.DestroyType(ref type);
        }
    }
}
