namespace OfflineRL.Datasets;

/// <summary>The messages that several places of this project share.</summary>
static class Throw
{
    public static UserErrorException Exists(string path) =>
        new($"'{path}' exists already, and what is committed is never written again; choose another name, or delete it first.");
}
