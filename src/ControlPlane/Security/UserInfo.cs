namespace Dataplane.ControlPlane.Security;

/// <summary>Who a request is from.</summary>
/// <param name="Name">User name.</param>
/// <param name="Groups">Groups.</param>
internal sealed record UserInfo(string Name, IReadOnlyList<string> Groups)
{
    private const string AccountPrefix = "system:serviceaccount:";

    /// <summary>Tells users of one name apart over time; empty when nothing does.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What else the credential says, such as the pod a token is bound to.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public static UserInfo ServiceAccount(string ns, string name) =>
        new($"{AccountPrefix}{ns}:{name}", ["system:serviceaccounts", "system:serviceaccounts:" + ns, "system:authenticated"]);

    /// <summary>A user somebody else acts as: the groups named, and those everybody of the name is in.</summary>
    public static UserInfo Named(string name, IReadOnlyList<string> groups)
    {
        var own = name.StartsWith(AccountPrefix, StringComparison.Ordinal) && name.Split(':') is [_, _, var ns, var account]
            ? ServiceAccount(ns, account).Groups
            : name == "system:anonymous" ? ["system:unauthenticated"] : ["system:authenticated"];
        return new UserInfo(name, [.. groups.Union(own)]);
    }
}
