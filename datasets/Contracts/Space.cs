using System.Text.Json.Serialization;

namespace OfflineRL.Datasets;

/// <summary>What the numbers of a space are stored as.</summary>
public enum ElementType
{
    [JsonStringEnumMemberName("float32")]
    Float32,

    [JsonStringEnumMemberName("uint8")]
    UInt8,
}

/// <summary>The set that an observation or an action is drawn from.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(DiscreteSpace), "discrete")]
[JsonDerivedType(typeof(BoxSpace), "box")]
public abstract record Space
{
    /// <summary>Numbers a row: 1 for a discrete space, the product of the shape for a box.</summary>
    [JsonIgnore]
    public abstract int FlatSize { get; }
}

/// <summary>The whole numbers 0 .. <paramref name="Count"/> - 1.</summary>
public sealed record DiscreteSpace(int Count) : Space
{
    [JsonIgnore]
    public override int FlatSize => 1;

    public override string ToString() => $"discrete({Count})";
}

/// <summary>An array of fixed shape with bounds for each number (row-major; infinite bounds allowed).</summary>
/// <param name="Shape">Sizes, each at least 1.</param>
/// <param name="Low">Lower bounds, one for each number; negative infinity where there is none.</param>
/// <param name="High">Upper bounds, one for each number; infinity where there is none.</param>
/// <param name="ElementType">What the numbers are stored as.</param>
public sealed record BoxSpace(
    IReadOnlyList<int> Shape,
    [property: JsonConverter(typeof(BoundsJsonConverter))] IReadOnlyList<double> Low,
    [property: JsonConverter(typeof(BoundsJsonConverter))] IReadOnlyList<double> High,
    ElementType ElementType = ElementType.Float32) : Space
{
    /// <summary>A vector of <paramref name="size"/> numbers without bounds.</summary>
    public static BoxSpace Unbounded(int size) => new(
        [size],
        Enumerable.Repeat(double.NegativeInfinity, size).ToArray(),
        Enumerable.Repeat(double.PositiveInfinity, size).ToArray());

    [JsonIgnore]
    public override int FlatSize => Shape.Aggregate(1, (product, size) => checked(product * size));

    // Lists compare by reference; two spaces are equal when their numbers are.
    public bool Equals(BoxSpace? other) =>
        other is not null && ElementType == other.ElementType &&
        Shape.SequenceEqual(other.Shape) && Low.SequenceEqual(other.Low) && High.SequenceEqual(other.High);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var size in Shape)
            hash.Add(size);
        hash.Add(ElementType);
        return hash.ToHashCode();
    }

    public override string ToString() => $"box({string.Join('x', Shape)}, {(ElementType == ElementType.UInt8 ? "uint8" : "float32")})";
}
