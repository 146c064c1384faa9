using System.Text.Json;
using System.Text.Json.Serialization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>What a server says of itself and its environment: READY, by PROTOCOL.md.</summary>
sealed record ServerDescription
{
    public required Space ObservationSpace { get; init; }

    public required Space ActionSpace { get; init; }

    public int? MaxEpisodeSteps { get; init; }

    /// <summary>All parameters with the values that they have.</summary>
    public Dictionary<string, double> Parameters { get; init; } = [];

    public bool Masks { get; init; }

    public ServerFrame? Frame { get; init; }

    public ServerReference? Reference { get; init; }

    public string Server { get; init; } = "";

    public string Environment { get; init; } = "";

    public string Version { get; init; } = "";

    public string Description { get; init; } = "";

    // Unlike our own files: what a later server says more is passed over.
    static JsonSerializerOptions Options { get; } = new(JsonFiles.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, AllowOutOfOrderMetadataProperties = true };

    /// <exception cref="JsonException">It is not READY's JSON; the message says what is wrong with it.</exception>
    public static ServerDescription Parse(ReadOnlySpan<byte> json)
    {
        var description = JsonSerializer.Deserialize<ServerDescription>(json, Options) ?? throw new JsonException("it is null.");
        return description.Fault() is { } fault ? throw new JsonException(fault) : description;
    }

    string? Fault()
    {
        if (Fault(ObservationSpace, "observation_space") is { } observations)
            return observations;
        if (Fault(ActionSpace, "action_space") is { } actions)
            return actions;
        return this switch
        {
            { ActionSpace: BoxSpace { ElementType: ElementType.UInt8 } } => "action_space is a box of uint8; expected float32.",
            { Masks: true, ActionSpace: not DiscreteSpace } => "masks is true, but the actions are not discrete.",
            { MaxEpisodeSteps: <= 0 } => $"max_episode_steps is {MaxEpisodeSteps}; expected at least 1, or null.",
            { Frame: { Width: < 1 or > 8192 } or { Height: < 1 or > 8192 } } => $"frame is {Frame!.Width} x {Frame.Height}; expected 1 to 8192 each.",
            _ => Parameters.FirstOrDefault(p => !double.IsFinite(p.Value)).Key is { } name ? $"parameter '{name}' is {Parameters[name]}; expected a finite number." : null,
        };
    }

    static string? Fault(Space space, string name) => space switch
    {
        DiscreteSpace { Count: < 1 or > 1 << 24 } d => $"{name} has {d.Count} elements; expected 1 to {1 << 24}.",
        BoxSpace box => Fault(box, name),
        _ => null,
    };

    static string? Fault(BoxSpace box, string name)
    {
        if (box.Shape.Any(size => size < 1) || box.Shape.Aggregate(1.0, (product, size) => product * size) > Environments.Frame.MostBytes)
            return $"{name} has the shape [{string.Join(", ", box.Shape)}]; expected sizes of at least 1 and less than 1 GiB in all.";
        if (box.Low.Count != box.FlatSize || box.High.Count != box.FlatSize)
            return $"{name} has {box.Low.Count} lower and {box.High.Count} upper bounds; expected {box.FlatSize}, one for each number of the shape.";
        for (var i = 0; i < box.FlatSize; i++)
        {
            if (!(box.Low[i] <= box.High[i]))
                return FormattableString.Invariant($"{name} has the bounds {box.Low[i]} to {box.High[i]} at {i}; expected the lower one first.");
        }

        return null;
    }
}

/// <summary>Pixels of a FRAME.</summary>
sealed record ServerFrame(int Width, int Height);

/// <summary>Mean returns that scores are normalized by; null: not known.</summary>
sealed record ServerReference(double? Random, double? Expert, string? Source);
