using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

internal enum ForwardPolicy
{
    Random,
    RoundRobin,
    Sequential,
}

/// <param name="Address">Where it is.</param>
/// <param name="Tls">Whether it is asked over TLS.</param>
/// <param name="ServerName">The name in its certificate; null for that of all.</param>
internal sealed record UpstreamPlan(IPEndPoint Address, bool Tls, string? ServerName = null);

/// <summary>Who is asked about names that are not held here.</summary>
internal sealed record ForwardPlan
{
    internal required NameSuffix From { get; init; }

    internal NameSuffix[] Except { get; init; } = [];

    internal required UpstreamPlan[] Upstreams { get; init; }

    internal ForwardPolicy Policy { get; init; } = ForwardPolicy.Random;

    /// <summary>Failures in a row after which an upstream is left alone until it answers a check; 0 never.</summary>
    internal int MaxFails { get; init; } = 2;

    internal TimeSpan HealthCheck { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>What a check asks the NS records of. Wire form.</summary>
    internal byte[] CheckName { get; init; } = [0];

    /// <summary>Whether a check asks for recursion.</summary>
    internal bool CheckRecursion { get; init; } = true;

    /// <summary>Whether nobody is asked when no upstream is well, rather than one all the same.</summary>
    internal bool FailsFast { get; init; }

    /// <summary>Answers with one of these codes are no answers as long as there is another upstream to ask.</summary>
    internal ResponseCode[] Failover { get; init; } = [];

    /// <summary>Answers with one of these codes are given to the next <c>forward</c> that takes the name, if there is one.</summary>
    internal ResponseCode[] Next { get; init; } = [];

    /// <summary>And so are answers that have no record of the type.</summary>
    internal bool GoesOnWithoutData { get; init; }

    /// <summary>Upstreams asked at most for one question; 0 for all.</summary>
    internal int MaxAttempts { get; init; }

    internal bool ForceTcp { get; init; }

    /// <summary>How long one upstream is waited for.</summary>
    internal TimeSpan AnswerLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long all of them together are.</summary>
    internal TimeSpan WholeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an idle TCP or TLS connection is kept.</summary>
    internal TimeSpan Expire { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection is used at all; zero for ever.</summary>
    internal TimeSpan MaxAge { get; init; }

    /// <summary>Idle connections kept to one upstream.</summary>
    internal int MaxIdle { get; init; } = 32;

    /// <summary>Queries under way at most, beyond which they are refused.</summary>
    internal int MaxConcurrent { get; init; } = 1000;

    /// <summary>The name in the certificate of upstreams over TLS; null for their address.</summary>
    internal string? TlsServerName { get; init; }

    /// <summary>Trusted roots; null trusts the machine's own.</summary>
    internal X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Shown to upstreams that ask for one.</summary>
    internal X509Certificate2? ClientCertificate { get; init; }
}
