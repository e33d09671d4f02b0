using System.Security.Cryptography;
using System.Text;

namespace Dataplane.ControlPlane.Security;

/// <summary>Bearer tokens that are written down: kube-apiserver's --token-auth-file, lines of <c>token,user,uid,"group1,group2"</c>.</summary>
internal sealed class TokenFile
{
    // By the hash of the token: how long a look-up takes says nothing about it.
    private readonly Dictionary<string, UserInfo> _users = new(StringComparer.Ordinal);

    /// <exception cref="IOException">It cannot be read, or a line is something else; the message names file and line.</exception>
    public static TokenFile Read(string path)
    {
        var file = new TokenFile();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Trim().Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            var fields = Fields(line);
            if (fields.Count < 3 || fields[0].Length == 0)
            {
                throw new IOException($"{path}: line {number}: expected token,user,uid and perhaps \"group1,group2\"");
            }

            var groups = fields.Count > 3 ? fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
            file._users[Hash(fields[0])] = UserInfo.Named(fields[1], groups) with { Uid = fields[2] };
        }

        return file;
    }

    public UserInfo? Find(string token) => _users.GetValueOrDefault(Hash(token));

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var current = new StringBuilder();
        var isQuoted = false;
        foreach (var letter in line)
        {
            if (letter == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (letter == ',' && !isQuoted)
            {
                fields.Add(current.ToString().Trim());
                current.Clear();
            }
            else
            {
                current.Append(letter);
            }
        }

        fields.Add(current.ToString().Trim());
        return fields;
    }
}
