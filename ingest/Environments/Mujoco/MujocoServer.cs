using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Finds what the MuJoCo server needs (Node and the npm package mujoco-js) and starts it.</summary>
static class MujocoServer
{
    public const string NodeVariable = "OFFLINERL_NODE";
    public const string PackageVariable = "OFFLINERL_MUJOCO";
    public const string ThreadsVariable = "OFFLINERL_MUJOCO_THREADS";

    /// <summary>What is missing, for people; null where everything is there.</summary>
    public static string? Missing => WhatIsMissing(Environment.GetEnvironmentVariable);

    /// <summary><see cref="Missing"/> under given environment variables.</summary>
    public static string? WhatIsMissing(Func<string, string?> variables)
    {
        if (FindNode(variables) is null)
        {
            var where = variables(NodeVariable) is { Length: > 0 } node ? $"at {NodeVariable}={node}" : "in PATH";
            return $"Node was not found {where}; install Node 18 or newer, or name its program with {NodeVariable}";
        }

        if (FindPackage(variables) is null)
        {
            var where = variables(PackageVariable) is { Length: > 0 } folder ? $" in {PackageVariable}={folder}" : "";
            return $"the npm package mujoco-js was not found{where}; run 'make setup-mujoco' in the checkout, or name the package's folder with {PackageVariable}";
        }

        return null;
    }

    /// <summary>Makes a batch of one of the server's environments.</summary>
    /// <exception cref="UserErrorException">Something is missing, or the server does not become ready.</exception>
    public static IVectorEnvironment Start(EnvironmentIdentity identity, int count, bool render)
    {
        var definition = MujocoEnvironments.All.Single(d => d.Id == identity.Id);
        // Those of wrappers stand in the identity too.
        var own = identity.Parameters.Where(p => definition.Parameters.Any(d => d.Name == p.Key)).ToDictionary(StringComparer.Ordinal);
        return ExternalEnvironment.Start(Command(identity), identity.Id, identity, own, count, render, (definition.ObservationSpace, definition.ActionSpace));
    }

    /// <summary>How the server is started.</summary>
    /// <param name="identity">What it is for; named where something is missing.</param>
    /// <param name="threads">That step the batch; the digits do not depend on it. Null: what <see cref="ThreadsVariable"/> says, else one for every eight instances, up to one a core.</param>
    /// <exception cref="UserErrorException">Something is missing.</exception>
    public static ExternalCommand Command(EnvironmentIdentity identity, int? threads = null)
    {
        if (Missing is { } missing)
            throw Throw.MujocoNotSetUp(identity, missing);
        var command = new ExternalCommand { Words = [FindNode()!, Script("server.mjs"), FindPackage()!] };
        return threads is { } number
            ? command with { Variables = new Dictionary<string, string> { [ThreadsVariable] = number.ToString(CultureInfo.InvariantCulture) } }
            : command;
    }

    /// <summary>The path of a file of the server.</summary>
    public static string Script(string name) => ExternalSchemes.Server("mujoco", name);

    /// <summary>The program; null where it is nowhere.</summary>
    public static string? FindNode() => FindNode(Environment.GetEnvironmentVariable);

    /// <summary>
    /// The folder of the package: that of <see cref="PackageVariable"/> and no other where it is set, else beside the server, else
    /// where <c>make setup-mujoco</c> leaves it. Null where it is nowhere.
    /// </summary>
    public static string? FindPackage() => FindPackage(Environment.GetEnvironmentVariable);

    static string? FindNode(Func<string, string?> variables)
    {
        if (variables(NodeVariable) is { Length: > 0 } named)
            return File.Exists(named) ? Path.GetFullPath(named) : null;
        return (variables("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "node"))
            .FirstOrDefault(File.Exists);
    }

    static string? FindPackage(Func<string, string?> variables)
    {
        var candidates = variables(PackageVariable) is { Length: > 0 } named ? [named, InFolder(named)] : Folders().Select(InFolder);
        return candidates.FirstOrDefault(IsPackage) is { } found ? Path.GetFullPath(found) : null;
    }

    static IEnumerable<string> Folders()
    {
        yield return ExternalSchemes.Server("mujoco");
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            yield return Path.Combine(folder.FullName, ".artifacts", "npm-mujoco");
    }

    static string InFolder(string folder) => Path.Combine(folder, "node_modules", "mujoco-js");

    static bool IsPackage(string folder) => File.Exists(Path.Combine(folder, "dist", "mujoco_wasm.js")) && File.Exists(Path.Combine(folder, "package.json"));
}
