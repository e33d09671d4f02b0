using System.Buffers.Binary;
using System.Globalization;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Seccomp;

namespace Dataplane.Linux.Processes;

/// <summary>
/// Makes a thread be who a program shall be, just before the spawn: credentials, capabilities and filters belong to a thread and go
/// over to its child, and posix_spawn has no actions for them. The thread ends with the spawn.
/// </summary>
internal static class CredentialCalls
{
    private const string LastCapability = "/proc/sys/kernel/cap_last_cap";
    private const int SECCOMP_SET_MODE_FILTER = 1;

    internal static void AddTo(SpawnRequest request, ProcessCredentials credentials, UserLookup user)
    {
        if (credentials.NoNewPrivileges)
        {
            request.Call("set no_new_privs", SystemCall.Prctl, Libc.PR_SET_NO_NEW_PRIVS, 1);
        }

        // Before the capabilities go: without no_new_privs a filter needs CAP_SYS_ADMIN. It lets pass what follows.
        if (credentials.Filtered)
        {
            var program = SeccompFilter.Build(credentials.Capabilities);
            request.Call("set seccomp filter", SystemCall.Seccomp, SECCOMP_SET_MODE_FILTER, 0, request.Memory(Header(request, program)));
        }

        var last = int.Parse(File.ReadAllText(LastCapability), CultureInfo.InvariantCulture);
        for (var capability = 0; capability <= last; capability++)
        {
            if ((credentials.Capabilities & (1UL << capability)) == 0)
            {
                request.Call("drop capabilities", SystemCall.Prctl, Libc.PR_CAPBSET_DROP, capability);
            }
        }

        request.Call("drop ambient capabilities", SystemCall.Prctl, Libc.PR_CAP_AMBIENT, Libc.PR_CAP_AMBIENT_CLEAR_ALL);
        var groups = new byte[user.Groups.Count * sizeof(int)];
        for (var i = 0; i < user.Groups.Count; i++)
        {
            BitConverter.TryWriteBytes(groups.AsSpan(i * sizeof(int)), user.Groups[i]);
        }

        request.Call("set groups", SystemCall.Setgroups, user.Groups.Count, groups.Length == 0 ? 0 : request.Memory(groups));
        request.Call("set group", SystemCall.Setresgid, user.Group, user.Group, user.Group);
        request.Call("set user", SystemCall.Setresuid, user.User, user.User, user.User);
    }

    /// <summary>struct sock_fprog: the number of instructions (16 bits, padded to a pointer), and where they are.</summary>
    private static byte[] Header(SpawnRequest request, byte[] program)
    {
        var header = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(program.Length / SeccompFilter.InstructionSize));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(sizeof(long)), request.Memory(program));
        return header;
    }
}
