using System.Globalization;

namespace Dataplane.Linux.Processes;

/// <summary>Users and groups of the calling thread's root directory, as passwd(5) and group(5) have them.</summary>
/// <param name="Home">Its directory; / for a number without an entry.</param>
internal sealed record UserLookup(int User, int Group, IReadOnlyList<int> Groups, string Home)
{
    private const string Users = "/etc/passwd";
    private const string AllGroups = "/etc/group";

    /// <exception cref="ProgramStartException">There is no user or group of the name.</exception>
    internal static UserLookup Of(ProcessCredentials credentials)
    {
        var (name, group) = credentials.User.Split(':', 2) is [var left, var right] ? (left, right) : (credentials.User, "");
        if (name.Length == 0)
        {
            name = "0";
        }

        var isNumber = Number(name, out var user);
        var entry = Lines(Users).FirstOrDefault(fields => fields.Length >= 6 && (isNumber ? fields[2] == name : fields[0] == name));
        if (entry is null && !isNumber)
        {
            throw new ProgramStartException($"unable to find user {name}: no matching entries in passwd file");
        }

        user = isNumber ? user : Number(entry![2], out var known) ? known : throw new ProgramStartException($"user {name} has the number {entry[2]}");
        var primary = credentials.Group is { } given ? checked((int)given)
            : group.Length > 0 ? GroupOf(group)
            : entry is not null && Number(entry[3], out var own) ? own
            : 0;
        var login = entry?[0];
        var memberships = login is null ? [] : Lines(AllGroups)
            .Where(fields => fields.Length >= 4 && fields[3].Split(',').Contains(login))
            .Select(fields => Number(fields[2], out var number) ? number : primary);
        int[] groups = [.. credentials.SupplementalGroups.Select(one => checked((int)one)).Concat(memberships).Distinct()];
        return new UserLookup(user, primary, groups, entry?[5] is { Length: > 0 } home ? home : "/");
    }

    private static int GroupOf(string group) =>
        Number(group, out var number) ? number
        : Lines(AllGroups).FirstOrDefault(fields => fields.Length >= 3 && fields[0] == group) is { } entry && Number(entry[2], out number) ? number
        : throw new ProgramStartException($"unable to find group {group}: no matching entries in group file");

    private static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static IEnumerable<string[]> Lines(string path) => File.Exists(path) ? File.ReadLines(path).Select(line => line.Split(':')) : [];
}
