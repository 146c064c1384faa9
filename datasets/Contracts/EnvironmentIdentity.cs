using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>An environment with every parameter resolved to a number: what decides whether two recordings are of one kind.</summary>
/// <param name="Id">For example <c>CartPole-v1</c>.</param>
/// <param name="Parameters">All parameters with their values, defaults included.</param>
public sealed record EnvironmentIdentity(string Id, IReadOnlyDictionary<string, double> Parameters)
{
    // Dictionaries compare by reference; identities are equal when id and numbers are.
    public bool Equals(EnvironmentIdentity? other) =>
        other is not null && Id == other.Id && Parameters.Count == other.Parameters.Count &&
        Parameters.All(p => other.Parameters.TryGetValue(p.Key, out var value) && value.Equals(p.Value));

    public override int GetHashCode() =>
        Parameters.Aggregate(Id.GetHashCode(StringComparison.Ordinal), (hash, p) => hash ^ HashCode.Combine(p.Key, p.Value));

    /// <summary><c>ID?name=value&amp;name=value</c>, names in ordinal order, numbers that read back exactly.</summary>
    public override string ToString() => Parameters.Count == 0
        ? Id
        : Id + "?" + string.Join('&', Parameters.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => p.Key + "=" + p.Value.ToString("R", CultureInfo.InvariantCulture)));
}
