// Pieces of the page.

const TONES = 6;

/** An element with a text, or with these children. */
export function element(tag, content) {
  const made = document.createElement(tag);
  if (Array.isArray(content)) made.append(...content);
  else made.textContent = content;
  return made;
}

/** A person's initials in their own colour. */
export function drawAvatar(name, userId) {
  const letters = name.trim().split(/\s+/).map((word) => [...word][0]);
  const avatar = element("span", letters.slice(0, 2).join("").toUpperCase());
  avatar.className = "avatar";
  avatar.dataset.tone = [...userId].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % TONES;
  avatar.ariaHidden = "true";
  return avatar;
}
