namespace OfflineRL.Environments;

/// <summary>An id taken apart: <c>NAME?key=value&amp;key=value</c>.</summary>
readonly record struct EnvironmentId(string Name, IReadOnlyList<(string Key, string Value)> Parameters)
{
    /// <exception cref="Datasets.UserErrorException">The text has another form, or names a parameter twice.</exception>
    public static EnvironmentId Parse(string id)
    {
        var mark = id.IndexOf('?', StringComparison.Ordinal);
        if (mark < 0)
            return new EnvironmentId(id.Trim(), []);
        var parameters = new List<(string Key, string Value)>();
        foreach (var part in id[(mark + 1)..].Split('&'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || parameters.Any(p => p.Key == part[..equals].Trim()))
                throw Throw.MalformedId(id, part);
            parameters.Add((part[..equals].Trim(), part[(equals + 1)..].Trim()));
        }

        return new EnvironmentId(id[..mark].Trim(), parameters);
    }
}
