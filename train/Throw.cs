using System.Diagnostics.CodeAnalysis;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>The one place where this project throws: what was found, what was expected, where, what to do.</summary>
static class Throw
{
    [DoesNotReturn]
    public static void User(string message, Exception? inner = null) => throw new UserErrorException(message, inner);

    /// <summary>A file that lies about itself, or is not what its name says.</summary>
    [DoesNotReturn]
    public static void BadFile(string path, string found, string expected, string whatToDo) =>
        throw new UserErrorException($"{path}: {found}; expected {expected}. {whatToDo}");

    [DoesNotReturn]
    public static T BadFile<T>(string path, string found, string expected, string whatToDo) =>
        throw new UserErrorException($"{path}: {found}; expected {expected}. {whatToDo}");

    /// <summary>A tensor whose shape or type is not the one that the formula is written for: a mistake of the caller's.</summary>
    [DoesNotReturn]
    public static void Shape(string argument, string expected, string actual) =>
        throw new ArgumentException($"{argument} is {actual}; expected {expected}.", argument);
}
