namespace OfflineRL.Environments;

/// <summary>How the server of an external environment is started: a program with its arguments, without a shell.</summary>
sealed record ExternalCommand
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The program (a path, or a name that stands in PATH), then its arguments.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>Set beside those of this process.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Where it runs; empty: where this process does.</summary>
    public string Folder { get; init; } = "";

    /// <summary>From the start to READY.</summary>
    public TimeSpan StartTimeout { get; init; } = DefaultTimeout;

    /// <summary>For each later reply.</summary>
    public TimeSpan CallTimeout { get; init; } = DefaultTimeout;

    /// <summary>As one would type it.</summary>
    public override string ToString() => string.Join(' ', Words.Select(w => w.Length > 0 && !w.AsSpan().ContainsAny(" '\"\t\n") ? w : $"'{w}'"));
}
