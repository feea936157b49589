// The smallest honest client in C# (.NET 8 or later, nothing but the framework): it signs a
// question, sends it, and believes the answer only after every check of docs/ledger.md. It keeps no
// receipts and fetches no proofs: `connector serve` does, and is what departments should use.
//
//   dotnet run -- lookup HOME DATASET SUBJECT-TYPE ITEM,ITEM… PURPOSE OFFICER [CASE]
//        the subject's identifier comes on standard input; HOME is an enrolled connector's folder
//        with a P-256 key (the framework has no Ed25519)
//   dotnet run -- vectors FILE
//        FILE has one exchange a line; prints "name accepted" or "name refused why" for each
//
// NOT RUN by whoever wrote it: no .NET was at hand. It follows Honest.java line by line, which the
// tests do run; judge it by the same vectors (connectors/samples/README.md) before you trust it.

using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

return await Honest.Run(args);

/// <summary>An answer that does not prove itself: nothing of it may be acted on.</summary>
sealed class Refused(string why) : Exception(why);

/// <summary>What was pinned when the connector enrolled.</summary>
sealed record Trust(string Hub, string Department, string Connector, string Origin, X509Certificate2 Root);

/// <summary>A question as it was sent.</summary>
sealed record Asked(string Operation, string Dataset, SortedDictionary<string, object?> Question, byte[] Base,
    byte[] Signature, long Created);

/// <summary>What came back.</summary>
sealed record Answer(int Status, string ContentType, string? Receipt, byte[] Body);

static class Honest
{
    const string ReceiptUsage = "2.25.56005305979581881145002630015398531936";
    const int Skew = 60, Lifetime = 120, MaxAnswer = 4 << 20;

    // -- the checks ----------------------------------------------------------------------------

    /// <summary>The result, if every check holds; keys is /.well-known/jwks.json, now in ms.</summary>
    static SortedDictionary<string, object?> Check(Trust trust, Asked asked, Answer answer, byte[] keys, long now)
    {
        try { return Checked(trust, asked, answer, keys, now); }
        catch (Exception error) when (error is not Refused) { throw new Refused("form"); }
    }

    static SortedDictionary<string, object?> Checked(Trust trust, Asked asked, Answer answer, byte[] keys, long now)
    {
        // 1 The receipt is signed by a key that leads to the pinned root, for receipts of this hub
        Need(answer.Receipt is not null, "receipt-missing");
        var receipt = Receipt(trust, answer.Receipt!, keys);
        long issued = (long)receipt["iat"]!;
        // 2 It is for us, in the ledger that we know, about this very request
        Need(trust.Hub.Equals(receipt["iss"]), "issuer");
        Need(trust.Connector.Equals(receipt["aud"]), "audience");
        Need(trust.Origin.Equals(receipt["origin"]), "origin");
        string request = RequestDigest(asked.Base, asked.Signature);
        Need(request.Equals(receipt["R"]), "request");
        // 3 It binds the answer as it arrived
        Need(Equals(receipt["status"], (long)answer.Status), "status");
        Need(answer.ContentType.Equals(receipt["content_type"]), "content-type");
        Need(answer.ContentType == (answer.Status == 200 ? "application/json" : "application/problem+json"), "content-type");
        Need(receipt.TryGetValue("B", out var body) && B64u(SHA256.HashData(answer.Body)).Equals(body), "body-digest");
        // 4 The answer is one result with one opened entry
        var document = Members(Json.Parse(answer.Body, MaxAnswer));
        var result = Only(document, "results");
        var opening = Only(document, "openings");
        // 5 The entry is the one that the receipt promises
        var leaf = Members(opening["leaf"]);
        byte[] hash = SHA256.HashData([0, .. Json.Canonical(leaf)]);
        Need(Equals(receipt["count"], 1L) && (long)receipt["first"]! >= 0, "count");
        Need(B64u(SHA256.HashData(hash)).Equals(receipt["leaves"]), "leaves");
        Need(asked.Operation.Equals(leaf["kind"]), "kind");
        // 6 Its control part names our department, connector, dataset, purpose and request
        var control = Members(opening["control"]);
        Need(Part("control", opening["control_salt"], control).Equals(leaf["control"]), "control");
        Need(request.Equals(control["R"]), "control-request");
        Need("connector".Equals(control["channel"]), "control-channel");
        Need(trust.Department.Equals(control["department"]), "control-department");
        Need(trust.Connector.Equals(control["connector"]), "control-connector");
        bool ok = answer.Status == 200;
        string dataset = $"{trust.Hub}:{asked.Dataset}";
        Need(dataset.Equals(control["dataset"]) || (!ok && control["dataset"] is null), "control-dataset");
        Need(Equals(asked.Question["purpose"], control["purpose"]) || (!ok && control["purpose"] is null), "control-purpose");
        Need(!ok || (control["grant"] is not null && control["grant_version"] is not null), "control-grant");
        string[] outcomes = ok ? ["answered", "empty"] : ["refused", "malformed", "busy"];
        Need(outcomes.Contains(control["outcome"] as string), "outcome");
        Need(control["repeats"] is null, "repeats"); // this client never repeats
        // 7 Its person part is whom we asked about, built from our own question
        SortedDictionary<string, object?> person = new(StringComparer.Ordinal), nobody = new(StringComparer.Ordinal);
        foreach (string name in (string[])["case", "officer", "subject"])
        {
            person[name] = asked.Question[name];
            nobody[name] = null;
        }
        Need(Part("person", opening["person_salt"], person).Equals(leaf["person"])
            || ("malformed".Equals(control["outcome"])
                && Part("person", opening["person_salt"], nobody).Equals(leaf["person"])), "person");
        // 8 It binds the result itself
        Need(B64u(SHA256.HashData(Json.Canonical(result))).Equals(control["a"]), "result-digest");
        // 9 It was made after we asked, and not in the future
        long time = DateTimeOffset.ParseExact((string)leaf["time"]!, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
        Need(asked.Created * 1000 - Skew * 1000L <= time && time <= now + Skew * 1000L, "time");
        Need(time - 1000 <= issued * 1000 && issued * 1000 <= now + Skew * 1000L, "time");
        // 10 The result speaks about what was asked
        if (!ok)
        {
            Need(Equals(result["problem"], document["code"]), "problem");
            return result;
        }
        Need(dataset.Equals(result["dataset"]), "result-dataset");
        if (asked.Operation == "verify")
        {
            Need(result["match"] is bool, "result-form");
            return result;
        }
        var records = (List<object?>)result["records"]!;
        var items = (List<object?>)asked.Question["items"]!;
        Need(Equals(result["found"], records.Count > 0), "result-form");
        Need(Equals(result["found"], "answered".Equals(control["outcome"])), "outcome");
        foreach (object? record in records)
            foreach (var item in Members(Members(record)["items"]))
                Need(items.Contains(item.Key) && item.Value is string, "result-items");
        return result;
    }

    /// <summary>The claims of a receipt whose key leads to the pinned root.</summary>
    static SortedDictionary<string, object?> Receipt(Trust trust, string token, byte[] keys)
    {
        string[] parts = token.Split('.');
        Need(parts.Length == 3, "receipt-form");
        var header = Members(Json.Parse(Unb64u(parts[0]), 4096));
        Need("ES256".Equals(header["alg"]) && "hub-receipt+jwt".Equals(header["typ"]) && header.Count == 3, "receipt-header");
        var claims = Members(Json.Parse(Unb64u(parts[1]), 4096));
        X509Certificate2? certificate = null, issuing = null;
        foreach (object? key in (List<object?>)Members(Json.Parse(keys, 1 << 20))["keys"]!)
        {
            var chain = (List<object?>)Members(key)["x5c"]!;
            var found = new X509Certificate2(Convert.FromBase64String((string)chain[0]!));
            // The name of a key is made from its certificate; what else the set says is not used.
            if (!Thumbprint(found).Equals(header["kid"])) continue;
            certificate = found;
            issuing = new X509Certificate2(Convert.FromBase64String((string)chain[1]!));
        }
        Need(certificate is not null && issuing is not null, "receipt-unknown-key");
        using ECDsa verifier = certificate!.GetECDsaPublicKey()!;
        Need(verifier.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Unb64u(parts[2]),
            HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation), "receipt-signature");
        using X509Chain path = new();
        path.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        path.ChainPolicy.CustomTrustStore.Add(trust.Root);
        path.ChainPolicy.ExtraStore.Add(issuing!);
        path.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // revocation is a fact of the ledger
        path.ChainPolicy.DisableCertificateDownloads = true;
        path.ChainPolicy.ApplicationPolicy.Add(new Oid(ReceiptUsage));
        path.ChainPolicy.VerificationTime = DateTimeOffset.FromUnixTimeSeconds((long)claims["iat"]!).UtcDateTime;
        Need(path.Build(certificate) && path.ChainElements.Count == 3, "receipt-chain");
        Need(path.ChainElements[1].Certificate.RawData.AsSpan().SequenceEqual(issuing!.RawData), "receipt-chain");
        Need(path.ChainElements[2].Certificate.RawData.AsSpan().SequenceEqual(trust.Root.RawData), "receipt-chain");
        // A certificate without any extended key usage would be good for all of them.
        Need(certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(
            one => one.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == ReceiptUsage)), "receipt-chain");
        // Exactly one name, a URI: SEQUENCE { [6] IA5String }, short enough for one-byte lengths.
        byte[] urn = Encoding.ASCII.GetBytes($"urn:yifen:receipt:{trust.Hub}");
        byte[] names = [0x30, (byte)(urn.Length + 2), 0x86, (byte)urn.Length, .. urn];
        Need(certificate.Extensions["2.5.29.17"]!.RawData.AsSpan().SequenceEqual(names), "receipt-chain");
        return claims;
    }

    /// <summary>D = H("yifen/v1/" name 0x00 salt part).</summary>
    static string Part(string name, object? salt, SortedDictionary<string, object?> part) =>
        B64u(SHA256.HashData([.. Encoding.ASCII.GetBytes($"yifen/v1/{name}\0"), .. Unb64u((string)salt!), .. Json.Canonical(part)]));

    /// <summary>R = H(length base length signature).</summary>
    static string RequestDigest(byte[] signed, byte[] signature)
    {
        byte[] first = new byte[8], second = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(first, signed.Length);
        BinaryPrimitives.WriteInt64BigEndian(second, signature.Length);
        return B64u(SHA256.HashData([.. first, .. signed, .. second, .. signature]));
    }

    /// <summary>RFC 7638.</summary>
    static string Thumbprint(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPublicKey()!;
        ECPoint point = key.ExportParameters(false).Q;
        string jwk = $"{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{B64u(point.X!)}\",\"y\":\"{B64u(point.Y!)}\"}}";
        return B64u(SHA256.HashData(Encoding.ASCII.GetBytes(jwk)));
    }

    // -- asking --------------------------------------------------------------------------------

    /// <summary>The signature base of RFC 9421 for a question.</summary>
    static string Base(string target, byte[] body, string parameters) =>
        $"\"@method\": POST\n\"@target-uri\": {target}\n\"content-digest\": {ContentDigest(body)}\n"
        + $"\"content-type\": application/json\n\"@signature-params\": {parameters}";

    static string Parameters(long created, string nonce, string keyid) =>
        "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\")"
        + $";created={created};expires={created + Lifetime};nonce=\"{nonce}\";keyid=\"{keyid}\";tag=\"yifen\"";

    static string ContentDigest(byte[] body) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(body))}:";

    static async Task<SortedDictionary<string, object?>> Lookup(string[] words)
    {
        string home = words[1], toml = await File.ReadAllTextAsync(Path.Combine(home, "connector.toml"));
        var root = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(home, "root.pem")));
        Need(B64u(SHA256.HashData(root.RawData)) == Setting(toml, "root"), "root");
        Trust trust = new(Setting(toml, "hub"), Setting(toml, "department"), Setting(toml, "connector"), Setting(toml, "origin"), root);
        var own = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(home, "certificate.pem")));
        using ECDsa key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(home, "key.pem")));
        SortedDictionary<string, object?> question = new(StringComparer.Ordinal)
        {
            ["case"] = words.Length > 7 ? words[7] : null,
            ["items"] = words[4].Split(',').Cast<object?>().ToList(),
            ["officer"] = words[6],
            ["purpose"] = words[5],
            ["request_id"] = B64u(RandomNumberGenerator.GetBytes(16)),
            ["subject"] = new SortedDictionary<string, object?>(StringComparer.Ordinal)
            {
                ["id"] = (Console.ReadLine() ?? "").Trim(),
                ["type"] = words[3],
            },
        };
        string target = $"{Setting(toml, "address")}/v1/datasets/{words[2]}/lookup";
        byte[] body = Json.Canonical(question);
        long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        string parameters = Parameters(created, B64u(RandomNumberGenerator.GetBytes(16)), B64u(SHA256.HashData(own.RawData)));
        byte[] signed = Encoding.ASCII.GetBytes(Base(target, body, parameters));
        byte[] signature = key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        // An honest client writes base and signature down before they leave; this one is small.
        using HttpClient client = new(new HttpClientHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
        {
            MaxResponseContentBufferSize = MaxAnswer,
        };
        using HttpRequestMessage request = new(HttpMethod.Post, target) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Content-Digest", ContentDigest(body));
        request.Headers.TryAddWithoutValidation("Signature-Input", $"yifen={parameters}");
        request.Headers.TryAddWithoutValidation("Signature", $"yifen=:{Convert.ToBase64String(signature)}:");
        using HttpResponseMessage response = await client.SendAsync(request);
        byte[] keys = await client.GetByteArrayAsync($"{Setting(toml, "address")}/.well-known/jwks.json");
        string? receipt = response.Headers.TryGetValues("Hub-Receipt", out var values) ? string.Join(", ", values) : null;
        Answer answer = new((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType ?? "", receipt,
            await response.Content.ReadAsByteArrayAsync());
        Asked asked = new("lookup", words[2], question, signed, signature, created);
        return Check(trust, asked, answer, keys, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    /// <summary>Judges an exchange that somebody recorded.</summary>
    static void Judge(SortedDictionary<string, object?> vector)
    {
        string Text(string name) => (string)vector[name]!;
        Trust trust = new(Text("hub"), Text("department"), Text("connector"), Text("origin"), X509Certificate2.CreateFromPem(Text("root")));
        byte[] body = Unb64u(Text("question")), signed = Unb64u(Text("base")), signature = Unb64u(Text("signature"));
        Need(Base(Text("target"), body, Text("parameters")) == Encoding.ASCII.GetString(signed), "own-base");
        Asked asked = new(Text("operation"), Text("dataset"), Members(Json.Parse(body, MaxAnswer)), signed, signature, (long)vector["created"]!);
        Need(Json.Canonical(asked.Question).AsSpan().SequenceEqual(body), "own-question");
        Answer answer = new((int)(long)vector["status"]!, Text("content_type"), vector["receipt"] as string, Unb64u(Text("body")));
        Check(trust, asked, answer, Unb64u(Text("keys")), (long)vector["now"]!);
    }

    public static async Task<int> Run(string[] words)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        if (words is ["vectors", var file])
        {
            foreach (string line in await File.ReadAllLinesAsync(file))
            {
                var vector = Members(Json.Parse(Encoding.UTF8.GetBytes(line), MaxAnswer));
                try
                {
                    Judge(vector);
                    Console.WriteLine($"{vector["name"]} accepted");
                }
                catch (Refused error)
                {
                    Console.WriteLine($"{vector["name"]} refused {error.Message}");
                }
            }
            return 0;
        }
        if (words.Length < 7 || words[0] != "lookup")
        {
            Console.Error.WriteLine("usage: see the top of Honest.cs");
            return 2;
        }
        try
        {
            Console.WriteLine(Encoding.UTF8.GetString(Json.Canonical(await Lookup(words))));
            return 0;
        }
        catch (Refused error)
        {
            Console.Error.WriteLine($"refused: {error.Message}");
            return 3;
        }
    }

    // -- bytes ---------------------------------------------------------------------------------

    static void Need(bool holds, string why)
    {
        if (!holds) throw new Refused(why);
    }

    static SortedDictionary<string, object?> Members(object? value) => (SortedDictionary<string, object?>)value!;

    static SortedDictionary<string, object?> Only(SortedDictionary<string, object?> document, string name)
    {
        Need(document.TryGetValue(name, out var found) && found is List<object?> { Count: 1 }, name);
        return Members(((List<object?>)document[name]!)[0]);
    }

    static string Setting(string toml, string name) =>
        Regex.Match(toml, $"(?m)^{name} = \"([^\"\\\\]*)\"\r?$") is { Success: true } found
            ? found.Groups[1].Value : throw new FormatException(name);

    static string B64u(byte[] data) => Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    static byte[] Unb64u(string text) =>
        Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - text.Length % 4) % 4));
}

/// <summary>JSON as the exchange uses it: no floats, no duplicate keys; written as RFC 8785 has it.</summary>
sealed class Json
{
    static readonly UTF8Encoding Strict = new(false, true);
    readonly string text;
    int at;

    Json(string text) => this.text = text;

    public static object? Parse(byte[] data, int limit)
    {
        if (data.Length > limit) throw new FormatException("too large");
        Json reader = new(Strict.GetString(data));
        object? value = reader.Value(16);
        reader.Space();
        return reader.at == reader.text.Length ? value : throw new FormatException("more");
    }

    object? Value(int depth)
    {
        if (depth == 0) throw new FormatException("deep");
        Space();
        switch (text[at])
        {
            case '"':
                return String();
            case '{':
                SortedDictionary<string, object?> members = new(StringComparer.Ordinal);
                at++;
                for (bool first = true; !Ends('}'); first = false)
                {
                    if (!first) Expect(',');
                    Space();
                    string name = String();
                    Space();
                    Expect(':');
                    members.Add(name, Value(depth - 1)); // throws for one that stands twice
                }
                return members;
            case '[':
                List<object?> list = [];
                at++;
                for (bool first = true; !Ends(']'); first = false)
                {
                    if (!first) Expect(',');
                    list.Add(Value(depth - 1));
                }
                return list;
        }
        foreach (var (word, meant) in (ReadOnlySpan<(string, object?)>)[("true", true), ("false", false), ("null", null)])
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) continue;
            at += word.Length;
            return meant;
        }
        int begin = at;
        if (at < text.Length && text[at] == '-') at++;
        int digits = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        if (at == digits || (text[digits] == '0' && at - digits > 1)) throw new FormatException("syntax");
        if (at < text.Length && ".eE".Contains(text[at])) throw new FormatException("float");
        return long.Parse(text.AsSpan(begin, at - begin), CultureInfo.InvariantCulture);
    }

    string String()
    {
        Expect('"');
        StringBuilder made = new();
        while (true)
        {
            char next = text[at++];
            if (next == '"') return made.ToString();
            if (next < ' ') throw new FormatException("control");
            if (next != '\\')
            {
                made.Append(next);
                continue;
            }
            char escape = text[at++];
            int known = "\"\\/bfnrt".IndexOf(escape);
            if (known >= 0) made.Append("\"\\/\b\f\n\r\t"[known]);
            else if (escape == 'u')
            {
                made.Append((char)ushort.Parse(text.AsSpan(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
            }
            else throw new FormatException("escape");
        }
    }

    bool Ends(char end)
    {
        Space();
        if (text[at] != end) return false;
        at++;
        return true;
    }

    void Expect(char wanted)
    {
        if (text[at++] != wanted) throw new FormatException("syntax");
    }

    void Space()
    {
        while (at < text.Length && " \t\r\n".Contains(text[at])) at++;
    }

    public static byte[] Canonical(object? value)
    {
        StringBuilder made = new();
        Write(made, value);
        return Strict.GetBytes(made.ToString());
    }

    static void Write(StringBuilder made, object? value)
    {
        switch (value)
        {
            case SortedDictionary<string, object?> members:
                made.Append('{');
                foreach (var member in members)
                {
                    if (made[^1] != '{') made.Append(',');
                    Quote(made, member.Key);
                    made.Append(':');
                    Write(made, member.Value);
                }
                made.Append('}');
                break;
            case List<object?> list:
                made.Append('[');
                for (int i = 0; i < list.Count; i++)
                {
                    if (i > 0) made.Append(',');
                    Write(made, list[i]);
                }
                made.Append(']');
                break;
            case string told:
                Quote(made, told);
                break;
            case bool truth:
                made.Append(truth ? "true" : "false");
                break;
            case null:
                made.Append("null");
                break;
            default:
                made.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
        }
    }

    static void Quote(StringBuilder made, string told)
    {
        made.Append('"');
        foreach (char one in told)
        {
            int known = "\"\\\b\f\n\r\t".IndexOf(one);
            if (known >= 0) made.Append('\\').Append("\"\\bfnrt"[known]);
            else if (one < ' ') made.Append(CultureInfo.InvariantCulture, $"\\u{(int)one:x4}");
            else made.Append(one);
        }
        made.Append('"');
    }
}
