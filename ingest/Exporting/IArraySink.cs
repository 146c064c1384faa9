namespace OfflineRL.Ingest;

/// <summary>Arrays that grow by rows as episodes come, and some that are written at once.</summary>
interface IArraySink : IDisposable
{
    /// <summary>Whether arrays may hold texts.</summary>
    bool HasTexts { get; }

    /// <summary>Adds rows to an array, which the first call begins.</summary>
    /// <param name="name">With slashes for groups.</param>
    /// <param name="rowShape">Sizes of a row; none: one number.</param>
    /// <param name="values">Whole rows: float, double, long, byte or bool.</param>
    void Append<T>(string name, IReadOnlyList<int> rowShape, ReadOnlySpan<T> values)
        where T : unmanaged;

    /// <summary>Adds texts, one a row.</summary>
    void AppendTexts(string name, IReadOnlyList<string?> values);

    /// <summary>Texts of the whole log.</summary>
    void WriteTexts(string name, IReadOnlyList<string> values);

    void Finish();
}
