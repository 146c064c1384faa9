namespace OfflineRL.Datasets;

/// <summary>
/// A mistake of the user's that one message can mend: what was found, what was expected, where, what to do.
/// The command line prints the message without a stack trace and ends with exit code 2.
/// </summary>
public sealed class UserErrorException : Exception
{
    public UserErrorException(string message)
        : base(message)
    {
    }

    public UserErrorException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A check that ran and did not hold (a hash, a schema, a bound). The command line ends with exit code 1.</summary>
public sealed class CheckFailedException : Exception
{
    public CheckFailedException(string message)
        : base(message)
    {
    }

    public CheckFailedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
