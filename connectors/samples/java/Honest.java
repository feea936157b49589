// The smallest honest client in Java (17 or later, nothing but the JDK): it signs a question,
// sends it, and believes the answer only after every check of docs/ledger.md. It keeps no receipts
// and fetches no proofs: `connector serve` does, and is what departments should use.
//
//   java Honest.java lookup HOME DATASET SUBJECT-TYPE ITEM,ITEM… PURPOSE OFFICER [CASE]
//        the subject's identifier comes on standard input; HOME is an enrolled connector's folder
//   java Honest.java vectors FILE
//        FILE has one exchange a line; prints "name accepted" or "name refused why" for each

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public final class Honest {
    static final String RECEIPT_USAGE = "2.25.56005305979581881145002630015398531936";
    static final int SKEW = 60, LIFETIME = 120, MAX_ANSWER = 4 << 20;
    static final SecureRandom RANDOM = new SecureRandom();

    /** An answer that does not prove itself: nothing of it may be acted on. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String why) { super(why); }
    }

    /** What was pinned when the connector enrolled. */
    record Trust(String hub, String department, String connector, String origin, X509Certificate root) {}

    /** A question as it was sent. */
    record Asked(String operation, String dataset, Map<String, Object> question, byte[] base,
            byte[] signature, long created) {}

    /** What came back. */
    record Answer(int status, String contentType, String receipt, byte[] body) {}

    // -- the checks ----------------------------------------------------------------------------

    /** The result, if every check holds; {@code keys} is /.well-known/jwks.json, {@code now} in ms. */
    static Map<String, Object> check(Trust trust, Asked asked, Answer answer, byte[] keys, long now)
            throws Refused {
        try {
            return checked(trust, asked, answer, keys, now);
        } catch (GeneralSecurityException | RuntimeException | IOException error) {
            throw new Refused("form");
        }
    }

    static Map<String, Object> checked(Trust trust, Asked asked, Answer answer, byte[] keys, long now)
            throws Refused, GeneralSecurityException, IOException {
        // 1 The receipt is signed by a key that leads to the pinned root, for receipts of this hub
        need(answer.receipt() != null, "receipt-missing");
        Map<String, Object> receipt = receipt(trust, answer.receipt(), keys);
        long issued = (Long) receipt.get("iat");
        // 2 It is for us, in the ledger that we know, about this very request
        need(trust.hub().equals(receipt.get("iss")), "issuer");
        need(trust.connector().equals(receipt.get("aud")), "audience");
        need(trust.origin().equals(receipt.get("origin")), "origin");
        String request = requestDigest(asked.base(), asked.signature());
        need(request.equals(receipt.get("R")), "request");
        // 3 It binds the answer as it arrived
        need(receipt.get("status").equals((long) answer.status()), "status");
        need(answer.contentType().equals(receipt.get("content_type")), "content-type");
        String type = answer.status() == 200 ? "application/json" : "application/problem+json";
        need(answer.contentType().equals(type), "content-type");
        need(b64u(sha256(answer.body())).equals(receipt.get("B")), "body-digest");
        // 4 The answer is one result with one opened entry
        Map<String, Object> document = object(Json.parse(answer.body(), MAX_ANSWER));
        Map<String, Object> result = only(document, "results"), opening = only(document, "openings");
        // 5 The entry is the one that the receipt promises
        Map<String, Object> leaf = object(opening.get("leaf"));
        byte[] hash = sha256(concat(new byte[1], Json.canonical(leaf)));
        need(receipt.get("count").equals(1L) && (Long) receipt.get("first") >= 0, "count");
        need(b64u(sha256(hash)).equals(receipt.get("leaves")), "leaves");
        need(asked.operation().equals(leaf.get("kind")), "kind");
        // 6 Its control part names our department, connector, dataset, purpose and request
        Map<String, Object> control = object(opening.get("control"));
        need(part("control", opening.get("control_salt"), control).equals(leaf.get("control")), "control");
        need(request.equals(control.get("R")), "control-request");
        need("connector".equals(control.get("channel")), "control-channel");
        need(trust.department().equals(control.get("department")), "control-department");
        need(trust.connector().equals(control.get("connector")), "control-connector");
        boolean ok = answer.status() == 200;
        String dataset = trust.hub() + ":" + asked.dataset();
        need(dataset.equals(control.get("dataset")) || !ok && control.get("dataset") == null, "control-dataset");
        Object purpose = asked.question().get("purpose");
        need(purpose.equals(control.get("purpose")) || !ok && control.get("purpose") == null, "control-purpose");
        need(!ok || control.get("grant") != null && control.get("grant_version") != null, "control-grant");
        List<String> outcomes = ok ? List.of("answered", "empty") : List.of("refused", "malformed", "busy");
        need(outcomes.contains(control.get("outcome")), "outcome");
        need(control.get("repeats") == null, "repeats"); // this client never repeats
        // 7 Its person part is whom we asked about, built from our own question
        Map<String, Object> person = new TreeMap<>();
        for (String name : List.of("case", "officer", "subject")) person.put(name, asked.question().get(name));
        Map<String, Object> nobody = new TreeMap<>();
        for (String name : person.keySet()) nobody.put(name, null);
        Object salt = opening.get("person_salt"), bound = leaf.get("person");
        need(part("person", salt, person).equals(bound)
                || "malformed".equals(control.get("outcome")) && part("person", salt, nobody).equals(bound), "person");
        // 8 It binds the result itself
        need(b64u(sha256(Json.canonical(result))).equals(control.get("a")), "result-digest");
        // 9 It was made after we asked, and not in the future
        long time = Instant.parse((String) leaf.get("time")).toEpochMilli();
        need(asked.created() * 1000 - SKEW * 1000L <= time && time <= now + SKEW * 1000L, "time");
        need(time - 1000 <= issued * 1000 && issued * 1000 <= now + SKEW * 1000L, "time");
        // 10 The result speaks about what was asked
        if (!ok) {
            need(Objects.equals(result.get("problem"), document.get("code")), "problem");
            return result;
        }
        need(dataset.equals(result.get("dataset")), "result-dataset");
        if (asked.operation().equals("verify")) {
            need(result.get("match") instanceof Boolean, "result-form");
            return result;
        }
        List<?> records = (List<?>) result.get("records"), items = (List<?>) asked.question().get("items");
        need(result.get("found").equals(!records.isEmpty()), "result-form");
        need(result.get("found").equals("answered".equals(control.get("outcome"))), "outcome");
        for (Object record : records)
            for (Map.Entry<String, Object> item : object(object(record).get("items")).entrySet())
                need(items.contains(item.getKey()) && item.getValue() instanceof String, "result-items");
        return result;
    }

    /** The claims of a receipt whose key leads to the pinned root. */
    static Map<String, Object> receipt(Trust trust, String token, byte[] keys)
            throws Refused, GeneralSecurityException, IOException {
        String[] parts = token.split("\\.", -1);
        need(parts.length == 3, "receipt-form");
        Map<String, Object> header = object(Json.parse(unb64u(parts[0]), 4096));
        need("ES256".equals(header.get("alg")) && "hub-receipt+jwt".equals(header.get("typ"))
                && header.size() == 3, "receipt-header");
        Map<String, Object> claims = object(Json.parse(unb64u(parts[1]), 4096));
        X509Certificate certificate = null, issuing = null;
        for (Object key : (List<?>) object(Json.parse(keys, 1 << 20)).get("keys")) {
            List<?> chain = (List<?>) object(key).get("x5c");
            X509Certificate found = certificate(Base64.getDecoder().decode((String) chain.get(0)));
            // The name of a key is made from its certificate; what else the set says is not used.
            if (thumbprint(found).equals(header.get("kid"))) {
                certificate = found;
                issuing = certificate(Base64.getDecoder().decode((String) chain.get(1)));
            }
        }
        need(certificate != null, "receipt-unknown-key");
        Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
        verifier.initVerify(certificate.getPublicKey());
        verifier.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        need(verifier.verify(unb64u(parts[2])), "receipt-signature");
        try {
            trust.root().verify(trust.root().getPublicKey());
            issuing.verify(trust.root().getPublicKey());
            certificate.verify(issuing.getPublicKey());
            Date then = new Date((Long) claims.get("iat") * 1000);
            for (X509Certificate one : List.of(trust.root(), issuing, certificate)) one.checkValidity(then);
        } catch (GeneralSecurityException error) {
            throw new Refused("receipt-chain");
        }
        need(issuing.getBasicConstraints() >= 0 && trust.root().getBasicConstraints() >= 1, "receipt-chain");
        need(issuing.getKeyUsage()[5] && trust.root().getKeyUsage()[5], "receipt-chain");
        need(certificate.getBasicConstraints() < 0 && certificate.getKeyUsage()[0], "receipt-chain");
        List<String> usages = certificate.getExtendedKeyUsage();
        need(usages != null && usages.contains(RECEIPT_USAGE), "receipt-chain");
        List<List<?>> names = new ArrayList<>(certificate.getSubjectAlternativeNames());
        need(names.size() == 1 && names.get(0).get(0).equals(6)
                && names.get(0).get(1).equals("urn:yifen:receipt:" + trust.hub()), "receipt-chain");
        return claims;
    }

    /** D = H("yifen/v1/" name 0x00 salt part). */
    static String part(String name, Object salt, Map<String, Object> part) throws GeneralSecurityException {
        byte[] prefix = ("yifen/v1/" + name + "\0").getBytes(StandardCharsets.US_ASCII);
        return b64u(sha256(concat(prefix, unb64u((String) salt), Json.canonical(part))));
    }

    /** R = H(length base length signature). */
    static String requestDigest(byte[] base, byte[] signature) throws GeneralSecurityException {
        byte[] first = ByteBuffer.allocate(8).putLong(base.length).array();
        byte[] second = ByteBuffer.allocate(8).putLong(signature.length).array();
        return b64u(sha256(concat(first, base, second, signature)));
    }

    /** RFC 7638. */
    static String thumbprint(X509Certificate certificate) throws GeneralSecurityException {
        java.security.interfaces.ECPublicKey key = (java.security.interfaces.ECPublicKey) certificate.getPublicKey();
        String x = b64u(fixed(key.getW().getAffineX())), y = b64u(fixed(key.getW().getAffineY()));
        String jwk = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" + x + "\",\"y\":\"" + y + "\"}";
        return b64u(sha256(jwk.getBytes(StandardCharsets.US_ASCII)));
    }

    // -- asking --------------------------------------------------------------------------------

    /** The signature base of RFC 9421 for a question. */
    static String base(String target, byte[] body, String parameters) throws GeneralSecurityException {
        return "\"@method\": POST\n\"@target-uri\": " + target + "\n\"content-digest\": " + contentDigest(body)
                + "\n\"content-type\": application/json\n\"@signature-params\": " + parameters;
    }

    static String parameters(long created, String nonce, String keyid) {
        return "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\");created=" + created + ";expires="
                + (created + LIFETIME) + ";nonce=\"" + nonce + "\";keyid=\"" + keyid + "\";tag=\"yifen\"";
    }

    static String contentDigest(byte[] body) throws GeneralSecurityException {
        return "sha-256=:" + Base64.getEncoder().encodeToString(sha256(body)) + ":";
    }

    static Map<String, Object> lookup(String[] words) throws Exception {
        Path home = Path.of(words[1]);
        String toml = Files.readString(home.resolve("connector.toml"));
        X509Certificate root = certificate(Files.readAllBytes(home.resolve("root.pem")));
        need(b64u(sha256(root.getEncoded())).equals(setting(toml, "root")), "root");
        Trust trust = new Trust(setting(toml, "hub"), setting(toml, "department"), setting(toml, "connector"),
                setting(toml, "origin"), root);
        X509Certificate own = certificate(Files.readAllBytes(home.resolve("certificate.pem")));
        String pem = Files.readString(home.resolve("key.pem")).replaceAll("-----[A-Z ]+-----|\\s", "");
        boolean ed25519 = own.getPublicKey().getAlgorithm().startsWith("Ed");
        PrivateKey key = KeyFactory.getInstance(ed25519 ? "Ed25519" : "EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        String subject = new java.io.BufferedReader(new java.io.InputStreamReader(System.in,
                StandardCharsets.UTF_8)).readLine().strip();
        Map<String, Object> question = new TreeMap<>();
        question.put("case", words.length > 7 ? words[7] : null);
        question.put("items", List.of((Object[]) words[4].split(",")));
        question.put("officer", words[6]);
        question.put("purpose", words[5]);
        question.put("request_id", b64u(random()));
        question.put("subject", new TreeMap<>(Map.of("id", subject, "type", words[3])));
        String target = setting(toml, "address") + "/v1/datasets/" + words[2] + "/lookup";
        byte[] body = Json.canonical(question);
        long created = System.currentTimeMillis() / 1000;
        String parameters = parameters(created, b64u(random()), b64u(sha256(own.getEncoded())));
        byte[] base = base(target, body, parameters).getBytes(StandardCharsets.US_ASCII);
        Signature signer = Signature.getInstance(ed25519 ? "Ed25519" : "SHA256withECDSAinP1363Format");
        signer.initSign(key);
        signer.update(base);
        byte[] signature = signer.sign();
        // An honest client writes base and signature down before they leave; this one is small.
        HttpClient client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER)
                .version(HttpClient.Version.HTTP_1_1).build();
        HttpResponse<byte[]> response = client.send(HttpRequest.newBuilder(URI.create(target))
                .header("Content-Type", "application/json").header("Content-Digest", contentDigest(body))
                .header("Signature-Input", "yifen=" + parameters)
                .header("Signature", "yifen=:" + Base64.getEncoder().encodeToString(signature) + ":")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(), HttpResponse.BodyHandlers.ofByteArray());
        byte[] keys = client.send(HttpRequest.newBuilder(URI.create(setting(toml, "address")
                + "/.well-known/jwks.json")).build(), HttpResponse.BodyHandlers.ofByteArray()).body();
        String type = response.headers().firstValue("content-type").orElse("").split(";")[0].strip();
        Answer answer = new Answer(response.statusCode(), type,
                response.headers().firstValue("hub-receipt").orElse(null), response.body());
        Asked asked = new Asked("lookup", words[2], question, base, signature, created);
        return check(trust, asked, answer, keys, System.currentTimeMillis());
    }

    /** Judges an exchange that somebody recorded. */
    static Map<String, Object> judge(Map<String, Object> vector) throws Exception {
        Trust trust = new Trust((String) vector.get("hub"), (String) vector.get("department"),
                (String) vector.get("connector"), (String) vector.get("origin"),
                certificate(((String) vector.get("root")).getBytes(StandardCharsets.US_ASCII)));
        byte[] body = unb64u((String) vector.get("question"));
        byte[] base = unb64u((String) vector.get("base")), signature = unb64u((String) vector.get("signature"));
        String own = base((String) vector.get("target"), body, (String) vector.get("parameters"));
        need(own.equals(new String(base, StandardCharsets.US_ASCII)), "own-base");
        Asked asked = new Asked((String) vector.get("operation"), (String) vector.get("dataset"),
                object(Json.parse(body, MAX_ANSWER)), base, signature, (Long) vector.get("created"));
        need(Json.canonical(asked.question()).length == body.length, "own-question");
        Answer answer = new Answer(((Long) vector.get("status")).intValue(), (String) vector.get("content_type"),
                (String) vector.get("receipt"), unb64u((String) vector.get("body")));
        return check(trust, asked, answer, unb64u((String) vector.get("keys")), (Long) vector.get("now"));
    }

    public static void main(String[] words) throws Exception {
        var out = new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (words.length == 2 && words[0].equals("vectors")) {
            for (String line : Files.readAllLines(Path.of(words[1]))) {
                Map<String, Object> vector = object(Json.parse(line.getBytes(StandardCharsets.UTF_8), MAX_ANSWER));
                try {
                    judge(vector);
                    out.println(vector.get("name") + " accepted");
                } catch (Refused error) {
                    out.println(vector.get("name") + " refused " + error.getMessage());
                }
            }
        } else if (words.length >= 7 && words[0].equals("lookup")) {
            try {
                out.println(new String(Json.canonical(lookup(words)), StandardCharsets.UTF_8));
            } catch (Refused error) {
                System.err.println("refused: " + error.getMessage());
                System.exit(3);
            }
        } else {
            System.err.println("usage: see the top of Honest.java");
            System.exit(2);
        }
    }

    // -- bytes ---------------------------------------------------------------------------------

    static void need(boolean holds, String why) throws Refused {
        if (!holds) throw new Refused(why);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) { return (Map<String, Object>) Objects.requireNonNull(value); }

    static Map<String, Object> only(Map<String, Object> document, String name) throws Refused {
        need(document.get(name) instanceof List<?> found && found.size() == 1, name);
        return object(((List<?>) document.get(name)).get(0));
    }

    static X509Certificate certificate(byte[] data) throws GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(data));
    }

    static String setting(String toml, String name) {
        Matcher found = Pattern.compile("(?m)^" + name + " = \"([^\"\\\\]*)\"$").matcher(toml);
        if (!found.find()) throw new IllegalArgumentException(name);
        return found.group(1);
    }

    static byte[] sha256(byte[] data) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    static byte[] random() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    static byte[] fixed(BigInteger number) {
        byte[] bytes = number.toByteArray(), whole = new byte[32];
        int length = Math.min(bytes.length, 32);
        System.arraycopy(bytes, bytes.length - length, whole, 32 - length, length);
        return whole;
    }

    static byte[] concat(byte[]... parts) {
        ByteBuffer whole = ByteBuffer.allocate(java.util.Arrays.stream(parts).mapToInt(one -> one.length).sum());
        for (byte[] one : parts) whole.put(one);
        return whole.array();
    }

    static String b64u(byte[] data) { return Base64.getUrlEncoder().withoutPadding().encodeToString(data); }

    static byte[] unb64u(String text) { return Base64.getUrlDecoder().decode(text); }

    /** JSON as the exchange uses it: no floats, no duplicate keys; written as RFC 8785 has it. */
    static final class Json {
        private final String text;
        private int at;

        private Json(String text) { this.text = text; }

        static Object parse(byte[] data, int limit) {
            if (data.length > limit) throw new IllegalArgumentException("too large");
            String text = new String(data, StandardCharsets.UTF_8);
            if (!java.util.Arrays.equals(text.getBytes(StandardCharsets.UTF_8), data))
                throw new IllegalArgumentException("utf-8");
            Json reader = new Json(text);
            Object value = reader.value(16);
            reader.space();
            if (reader.at != text.length()) throw new IllegalArgumentException("more");
            return value;
        }

        private Object value(int depth) {
            if (depth == 0) throw new IllegalArgumentException("deep");
            space();
            char next = text.charAt(at);
            if (next == '"') return string();
            if (next == '{') {
                Map<String, Object> members = new TreeMap<>();
                at++;
                for (boolean first = true; !ends('}'); first = false) {
                    if (!first) expect(',');
                    space();
                    String name = string();
                    space();
                    expect(':');
                    if (members.containsKey(name)) throw new IllegalArgumentException("twice");
                    members.put(name, value(depth - 1));
                }
                return members;
            }
            if (next == '[') {
                List<Object> members = new ArrayList<>();
                at++;
                for (boolean first = true; !ends(']'); first = false) {
                    if (!first) expect(',');
                    members.add(value(depth - 1));
                }
                return members;
            }
            for (Map.Entry<String, Object> word : WORDS.entrySet())
                if (text.startsWith(word.getKey(), at)) {
                    at += word.getKey().length();
                    return word.getValue() == NULL ? null : word.getValue();
                }
            Matcher number = INTEGER.matcher(text).region(at, text.length());
            if (!number.lookingAt()) throw new IllegalArgumentException("syntax");
            at = number.end();
            if (at < text.length() && ".eE".indexOf(text.charAt(at)) >= 0) throw new IllegalArgumentException("float");
            return Long.parseLong(number.group());
        }

        private static final Object NULL = new Object();
        private static final Map<String, Object> WORDS = Map.of("true", true, "false", false, "null", NULL);
        private static final Pattern INTEGER = Pattern.compile("-?(?:0|[1-9][0-9]{0,15})");

        private String string() {
            expect('"');
            StringBuilder made = new StringBuilder();
            while (true) {
                char next = text.charAt(at++);
                if (next == '"') return made.toString();
                if (next < ' ') throw new IllegalArgumentException("control");
                if (next != '\\') {
                    made.append(next);
                    continue;
                }
                char escape = text.charAt(at++);
                int known = "\"\\/bfnrt".indexOf(escape);
                if (known >= 0) made.append("\"\\/\b\f\n\r\t".charAt(known));
                else if (escape == 'u') {
                    made.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                } else throw new IllegalArgumentException("escape");
            }
        }

        private boolean ends(char end) {
            space();
            if (text.charAt(at) != end) return false;
            at++;
            return true;
        }

        private void expect(char wanted) {
            if (text.charAt(at++) != wanted) throw new IllegalArgumentException("syntax");
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }

        static byte[] canonical(Object value) {
            StringBuilder made = new StringBuilder();
            write(made, value);
            return made.toString().getBytes(StandardCharsets.UTF_8);
        }

        private static void write(StringBuilder made, Object value) {
            if (value instanceof Map<?, ?> members) {
                made.append('{');
                for (Map.Entry<?, ?> member : members.entrySet()) {
                    if (made.charAt(made.length() - 1) != '{') made.append(',');
                    quote(made, (String) member.getKey());
                    made.append(':');
                    write(made, member.getValue());
                }
                made.append('}');
            } else if (value instanceof List<?> members) {
                made.append('[');
                for (int i = 0; i < members.size(); i++) {
                    if (i > 0) made.append(',');
                    write(made, members.get(i));
                }
                made.append(']');
            } else if (value instanceof String text) quote(made, text);
            else made.append(value);
        }

        private static void quote(StringBuilder made, String text) {
            made.append('"');
            for (char one : text.toCharArray()) {
                int known = "\"\\\b\f\n\r\t".indexOf(one);
                if (known >= 0) made.append('\\').append("\"\\bfnrt".charAt(known));
                else if (one < ' ') made.append(String.format("\\u%04x", (int) one));
                else made.append(one);
            }
            made.append('"');
        }
    }
}
