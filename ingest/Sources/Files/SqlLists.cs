namespace OfflineRL.Ingest;

/// <summary>Expressions over lists.</summary>
static class SqlLists
{
    /// <summary>A list of lists as one; a list that is null leaves a null in its place, so that it is missed and not passed over.</summary>
    public static string Flatten(string lists) => $"flatten(list_transform({lists}, lambda l: coalesce(l, [NULL])))";
}
